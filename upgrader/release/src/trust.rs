//! What a node trusts before it asks, and what it has seen: the root of its image, the newer roots that followed from it, and the
//! oldest state of a repository that it still accepts.
//!
//! Flow, after a repository was found good: newer roots as `<N>.root.json`, each whole and flushed; then `floors.json`. A cut
//! between leaves newer roots beside older floors, which is a state that a repository can be in by itself.
//!
//! Guarantee: every kept root is verified from the image's root on whenever it is read, so what lies on the state partition
//! cannot bring a root that the image does not vouch for.

use crate::error::Error;
use crate::metadata::{Loaded, follows};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use tough::schema::RoleType;

/// What is trusted before a repository is asked.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Where newer roots and the version floors are kept; without it each opening begins anew, and an older state of the
    /// repository is not noticed.
    pub folder: Option<PathBuf>,
    /// The root that comes with the image.
    pub baked_root: Vec<u8>,
}

impl Trust {
    /// What a node has: what was seen is kept in the folder, which is made.
    pub fn kept(folder: impl Into<PathBuf>, baked_root: impl Into<Vec<u8>>) -> Trust {
        Trust {
            folder: Some(folder.into()),
            baked_root: baked_root.into(),
        }
    }

    /// For a look at a repository from elsewhere: nothing is kept.
    pub fn fleeting(root: impl Into<Vec<u8>>) -> Trust {
        Trust {
            folder: None,
            baked_root: root.into(),
        }
    }

    /// The newest root that follows from the image's.
    pub(crate) fn newest_root(&self) -> Result<Vec<u8>, Error> {
        let Some(folder) = &self.folder else {
            return Ok(self.baked_root.clone());
        };
        let mut newest = self.baked_root.clone();
        let mut number = crate::metadata::root_version(&newest)?;
        loop {
            number += 1;
            let path = root_file(folder, number);
            let Some(next) = read(&path)? else { break };
            // One that does not follow is of another image's keys, or damaged: the repository is asked for it again.
            if !follows(&newest, &next) {
                break;
            }
            newest = next;
        }
        Ok(newest)
    }

    /// Compares a repository with what was seen.
    pub(crate) fn check(&self, loaded: &Loaded) -> Result<(), Error> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        match floors(&floors_file(folder))? {
            Some(seen) => seen.check(&Floors::of(loaded)),
            None => Ok(()),
        }
    }

    /// Keeps what a repository has, for the next time.
    pub(crate) fn keep(&self, loaded: &Loaded) -> Result<(), Error> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        std::fs::create_dir_all(folder).map_err(kept(folder))?;
        for (number, root) in &loaded.new_roots {
            let path = root_file(folder, *number);
            host::file::write_if_changed(&path, 0o600, root).map_err(kept(&path))?;
        }
        let path = floors_file(folder);
        let text = serde_json::to_vec(&Floors::of(loaded)).expect("numbers and texts are JSON");
        host::file::write_if_changed(&path, 0o600, text).map_err(kept(&path))?;
        Ok(())
    }
}

fn root_file(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number}.root.json"))
}

fn floors_file(folder: &Path) -> PathBuf {
    folder.join("floors.json")
}

fn kept(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Trust {
        path: path.to_owned(),
        source,
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(kept(path)(error)),
    }
}

/// The versions below which nothing is accepted, and whose signatures they stand for: when root hands timestamps or snapshots
/// to other keys, whoever had the old ones may have raised the numbers, and they count anew.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Floors {
    timestamp: u64,
    snapshot: u64,
    targets: u64,
    timestamp_keys: Vec<String>,
    snapshot_keys: Vec<String>,
}

impl Floors {
    fn of(loaded: &Loaded) -> Floors {
        let keys = |role: RoleType| {
            let ids = loaded.root.signed.roles.get(&role).map(|keys| &keys.keyids);
            let mut ids: Vec<String> = ids
                .into_iter()
                .flatten()
                .map(|id| host::digest::hex(id))
                .collect();
            ids.sort();
            ids
        };
        Floors {
            timestamp: loaded.timestamp.signed.version.get(),
            snapshot: loaded.snapshot.signed.version.get(),
            targets: loaded.targets.signed.version.get(),
            timestamp_keys: keys(RoleType::Timestamp),
            snapshot_keys: keys(RoleType::Snapshot),
        }
    }

    fn check(&self, now: &Floors) -> Result<(), Error> {
        if (&self.timestamp_keys, &self.snapshot_keys) != (&now.timestamp_keys, &now.snapshot_keys)
        {
            return Ok(());
        }
        for (what, found, seen) in [
            ("timestamp.json", now.timestamp, self.timestamp),
            ("snapshot.json", now.snapshot, self.snapshot),
            ("targets.json", now.targets, self.targets),
        ] {
            if found < seen {
                return Err(Error::Rollback { what, found, seen });
            }
        }
        Ok(())
    }
}

/// What was seen; damaged is not the same as nothing, since that would let anything older in.
fn floors(path: &Path) -> Result<Option<Floors>, Error> {
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
