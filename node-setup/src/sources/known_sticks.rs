//! How many USB sticks the configuration in force was read from, kept on state: a boot that does not find one of them misses
//! it, instead of taking it for one that was never there.

use crate::step::{Content, Step};
use init_api::FileError;
use init_api::Root;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const KNOWN: &str = "/var/lib/holdfast/config/sticks.json";

/// The record below a root.
#[derive(Debug)]
pub(crate) struct KnownSticks {
    path: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    sticks: usize,
}

impl KnownSticks {
    pub(crate) fn new(root: &Root) -> Self {
        KnownSticks {
            path: root.path(KNOWN),
        }
    }

    /// How many belong to the node. A record that is damaged was written because of one.
    pub(crate) fn count(&self) -> usize {
        init_api::load_if_present::<Record>(&self.path)
            .map_or(1, |record| record.map_or(0, |record| record.sticks))
    }

    /// Takes in new ones. Those that are missing still belong to the node.
    pub(crate) fn add_up_to(known: usize, sticks: usize) -> Vec<Step> {
        if sticks <= known {
            return Vec::new();
        }
        let record = Content::json(&Record { sticks });
        let step = record.map(|content| Step::file(KNOWN, 0o600, content));
        step.into_iter().collect()
    }

    /// Gives up those that are missing: so many belong to the node from now on.
    ///
    /// # Errors
    /// When state cannot be written.
    pub(crate) fn set(&self, sticks: usize) -> Result<(), FileError> {
        if self.count() == sticks {
            return Ok(());
        }
        init_api::store(&self.path, &Record { sticks })
    }
}
