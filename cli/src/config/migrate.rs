//! From a k3OS configuration to one for Holdfast.

use super::input::{not_right, read};
use crate::out;
use std::path::Path;
use std::process::ExitCode;

/// Prints the new configuration; what happened to single keys goes to standard error.
pub(super) fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let text = read(path)?;
    let migration = match migrate::migrate(&path.display().to_string(), &text) {
        Ok(migration) => migration,
        Err(report) => return Ok(not_right(&report)),
    };
    out::print(&migration.yaml)?;
    for note in &migration.notes {
        let kind = if note.carried { "changed" } else { "left out" };
        eprintln!("{kind}: {note}");
    }
    for remark in &migration.remarks {
        eprintln!("remark: {remark}");
    }
    Ok(ExitCode::SUCCESS)
}
