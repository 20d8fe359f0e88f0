//! The record of the last backup.

use anyhow::Context;
use host::file;
use init_api::{Root, paths};
use serde::{Deserialize, Serialize};

/// The last backup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LastBackup {
    /// When, in seconds since 1970, by the node's clock.
    pub(super) made: i64,
    /// Its file.
    pub(super) name: String,
}

/// Notes that a backup was made.
pub(super) fn note(root: &Root, made: i64, name: &str) -> anyhow::Result<()> {
    let last = LastBackup {
        made,
        name: name.to_owned(),
    };
    let text = serde_json::to_vec_pretty(&last)?;
    file::write(&root.path(paths::LAST_BACKUP), 0o600, text)
        .context("the backup is made, but that cannot be noted")?;
    file::remove(&root.path(paths::BACKUP_TROUBLE))
        .map(|_| ())
        .context("cannot remove the note of an earlier failure")
}
