//! The versions below which nothing is accepted any more.

use super::folder::{kept, read};
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::path::Path;
use tough::schema::{RoleType, Root, Snapshot, Timestamp};

/// The versions below which nothing is accepted, and whose signatures they stand for: when root hands timestamps or snapshots
/// to other keys, whoever had the old ones may have raised the numbers, and they count anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Floors {
    timestamp: u64,
    snapshot: u64,
    targets: u64,
    timestamp_keys: Vec<String>,
    snapshot_keys: Vec<String>,
}

impl Floors {
    /// What was seen, if it counts under this root.
    pub(super) fn under(root: &Root, seen: Option<&Floors>) -> Floors {
        let keys = |role: RoleType| {
            let ids = root.roles.get(&role).map(|keys| &keys.keyids);
            let mut ids: Vec<String> = ids
                .into_iter()
                .flatten()
                .map(|id| host::digest::hex(id))
                .collect();
            ids.sort();
            ids
        };
        let new = Floors {
            timestamp: 0,
            snapshot: 0,
            targets: 0,
            timestamp_keys: keys(RoleType::Timestamp),
            snapshot_keys: keys(RoleType::Snapshot),
        };
        let same_keys = |seen: &&Floors| {
            (&seen.timestamp_keys, &seen.snapshot_keys) == (&new.timestamp_keys, &new.snapshot_keys)
        };
        seen.filter(same_keys).cloned().unwrap_or(new)
    }

    /// Whether anything was seen with these keys.
    pub(super) const fn are_of_any(&self) -> bool {
        self.timestamp > 0
    }

    /// After this timestamp, which names a snapshot.
    pub(super) fn after_timestamp(&self, timestamp: &Timestamp) -> Result<Floors, Error> {
        let snapshot = timestamp.meta.get("snapshot.json");
        let snapshot = snapshot.map_or(self.snapshot, |meta| meta.version.get());
        Ok(Floors {
            timestamp: higher("timestamp.json", timestamp.version.get(), self.timestamp)?,
            snapshot: higher("snapshot.json", snapshot, self.snapshot)?,
            ..self.clone()
        })
    }

    /// After this snapshot, which names a list of files.
    pub(super) fn after_snapshot(&self, snapshot: &Snapshot) -> Result<Floors, Error> {
        let targets = snapshot.meta.get("targets.json");
        let targets = targets.map_or(self.targets, |meta| meta.version.get());
        Ok(Floors {
            targets: higher("targets.json", targets, self.targets)?,
            ..self.clone()
        })
    }
}

fn higher(what: &'static str, found: u64, seen: u64) -> Result<u64, Error> {
    match found < seen {
        true => Err(Error::Rollback { what, found, seen }),
        false => Ok(found),
    }
}

/// What was seen; damaged is not the same as nothing, since that would let anything older in.
pub(super) fn floors(path: &Path) -> Result<Option<Floors>, Error> {
    let Some(bytes) = read(path)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| Error::DamagedFloors {
            path: path.to_owned(),
            why: error.to_string(),
        })
}

/// Keeps what was seen, for the next time.
pub(super) fn keep(path: &Path, floors: &Floors) -> Result<(), Error> {
    let text = serde_json::to_vec(floors).expect("numbers and texts are JSON");
    host::file::write_if_changed(path, 0o600, text).map_err(kept(path))?;
    Ok(())
}
