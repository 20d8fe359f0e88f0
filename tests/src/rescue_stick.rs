//! A stick with a rescue script, signed with the keys that the image under test trusts.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::artefacts::{command, root};
use crate::own_keys::ran;

/// Puts the script and the order to run it into `folder`, as a person at a workstation does.
///
/// # Errors
/// When it cannot be signed.
pub fn rescue_stick(folder: &Path, script: &str) -> anyhow::Result<()> {
    let file = folder.with_extension("sh");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&file, script))
        .with_context(|| format!("cannot write {}", file.display()))?;
    ran(Command::new(command()?)
        .args(["rescue", "sign", "--expires", "1d", "--keys"])
        .arg(root().join("build/release-keys"))
        .arg("--output")
        .arg(folder)
        .arg(&file))
}
