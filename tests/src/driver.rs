//! A CSI driver that only registers, to see that the kubelet takes one.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::artefacts::root;

/// The driver's name.
pub const DRIVER: &str = "proof.holdfast.dev";
/// Its source, in the engine's module.
const SOURCE: &str = "./proof/driver";

/// The program, built.
///
/// # Errors
/// When it cannot be compiled.
pub fn driver() -> anyhow::Result<PathBuf> {
    let program = root().join("build/vm-tests/driver");
    let output = Command::new("go")
        .current_dir(root().join("runtime/engine"))
        .env("CGO_ENABLED", "0")
        .args(["build", "-mod=readonly", "-trimpath", "-o"])
        .arg(&program)
        .arg(SOURCE)
        .output()
        .context("cannot run go")?;
    ensure!(
        output.status.success(),
        "go build {SOURCE}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(program)
}
