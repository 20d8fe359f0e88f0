//! From a k3OS configuration to one for Holdfast, and from Plans to Upgrades.

use super::input::{not_right, read};
use crate::out;
use migrate::Made;
use std::path::Path;
use std::process::ExitCode;

/// Prints the new configuration, or the manifests; what happened to single keys goes to standard error.
pub(super) fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let text = read(path)?;
    let migration = match migrate::migrate(&path.display().to_string(), &text) {
        Ok(migration) => migration,
        Err(report) => return Ok(not_right(&report)),
    };
    out::print(&migration.yaml)?;
    for note in &migration.notes {
        let kind = if note.carried { "changed" } else { "left out" };
        crate::out::tell!("{kind}: {note}");
    }
    for remark in &migration.remarks {
        crate::out::tell!("remark: {remark}");
    }
    if let Made::Upgrades(_) = migration.made {
        crate::out::tell!(
            "remark: fill in `source` and `channel` of each Upgrade, then `kubectl apply -f FILE`; the API server refuses them before"
        );
    }
    Ok(ExitCode::SUCCESS)
}
