//! Programs that scenarios start on the node itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::artefacts::root;

/// The name of the CSI driver of [`driver`].
pub const DRIVER: &str = "proof.holdfast.dev";

/// A CSI driver that only registers, to see that the kubelet takes one.
///
/// # Errors
/// When it cannot be compiled.
pub fn driver() -> anyhow::Result<PathBuf> {
    // In the engine's module, for it speaks the kubelet's own interface.
    build(&root().join("runtime/engine"), "./proof/driver", "driver")
}

/// A program that stops the process whose number it is given, PID 1 too, for as long as it runs.
///
/// # Errors
/// When it cannot be compiled.
pub fn hang() -> anyhow::Result<PathBuf> {
    build(&root().join("tests/guest"), "hang.go", "hang")
}

/// Time servers on addresses of the machine's own, `ADDRESS=SECONDS_AHEAD…`.
///
/// # Errors
/// When it cannot be compiled.
pub fn time_server() -> anyhow::Result<PathBuf> {
    compile("time-server")
}

/// Compiles a program of this crate by itself: static, so that it runs where there are no libraries, as in an image of one file.
pub(crate) fn compile(name: &str) -> anyhow::Result<PathBuf> {
    let folder = root().join("build/vm-tests");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let program = folder.join(name);
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args([
            "--edition=2024",
            "-O",
            "-Ctarget-feature=+crt-static",
            "-Cpanic=abort",
            "-Cstrip=symbols",
            "-o",
        ])
        .arg(&program)
        .arg(root().join(format!("tests/src/bin/{name}.rs")))
        .output()
        .context("cannot run rustc")?;
    ensure!(
        output.status.success(),
        "rustc: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(program)
}

fn build(folder: &Path, source: &str, name: &str) -> anyhow::Result<PathBuf> {
    let program = root().join("build/vm-tests").join(name);
    let output = Command::new("go")
        .current_dir(folder)
        .env("CGO_ENABLED", "0")
        .args(["build", "-mod=readonly", "-trimpath", "-o"])
        .arg(&program)
        .arg(source)
        .output()
        .context("cannot run go")?;
    ensure!(
        output.status.success(),
        "go build {source}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(program)
}
