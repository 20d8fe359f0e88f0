//! What a node trusts before it asks, and what it has seen: the root of its image, the newer roots that followed from it, and the
//! oldest state of a repository that it still accepts.
//!
//! Flow, after a repository was read, also one that was found bad half-way: newer roots as `<N>.root.json`, each whole and
//! flushed; then `floors.json`. A cut between leaves newer roots beside older floors, which is a state that a repository can be
//! in by itself.
//!
//! Guarantee: every kept root is verified from the image's root on whenever it is read, so what lies on the state partition
//! cannot bring a root that the image does not vouch for.

mod floors;
mod folder;
mod reading;

use crate::error::Error;
use crate::root::{follows, root_version};
use folder::{read, root_file};
use jiff::Timestamp;
pub(crate) use reading::Reading;
use std::path::PathBuf;

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
        let mut newest = self.baked_root.clone();
        let mut number = root_version(&newest)?;
        while let Some(folder) = &self.folder {
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

    /// Begins to read a repository, as of this time.
    pub(crate) fn reading(&self, now: Timestamp) -> Result<Reading, Error> {
        Reading::new(self.folder.clone(), self.newest_root()?, now)
    }
}
