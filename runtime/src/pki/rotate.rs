//! A rotation of the authorities on the disk: a step is one exchange of the folder.
//!
//! Flow: read the authorities → ask [`next_stage`] → fill a folder beside them → both change places → the old one is removed.
//! Guarantee: a cut at any moment leaves the stage before or the stage after, each whole. What was beside it is removed by the next
//! boot ([`forget_interrupted`]) or the next step.
//! The running cluster takes a step over afterwards: the keeper compares what is here with what it runs with.

use super::authority::{Authorities, RECORD, stage_of};
use super::error::PkiError;
use super::stage::{Facts, Refusal, Stage, Step, next_stage};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// A step was not taken; the authorities are as they were.
#[derive(Debug, Error)]
pub enum RotateError {
    /// It does not fit, or something stands in its way.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// They cannot be read, made or written.
    #[error("cannot exchange the authorities")]
    Pki(#[from] PkiError),
}

/// What is noted beside the authorities in a rotation. Only people and [`Facts`] read it: the stage is told by the folders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// When the stage was reached, in seconds since 1970.
    #[serde(default)]
    pub since: u64,
    /// The kernel's name for the boot that it was reached in.
    #[serde(default)]
    pub boot: String,
}

impl Record {
    /// That a stage was reached at `now`, in the boot of that name.
    pub fn of(now: SystemTime, boot: &str) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self {
            since,
            boot: boot.to_owned(),
        }
    }

    /// When the stage was reached.
    pub fn reached(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.since)
    }
}

/// Takes a step, and tells where it led.
///
/// # Errors
/// As [`RotateError`] says; the authorities are as they were then.
pub fn rotate(
    folder: &Path,
    step: Step,
    facts: &Facts,
    record: &Record,
    now: SystemTime,
) -> Result<Stage, RotateError> {
    let authorities = Authorities::load(folder, now)?;
    let next = next_stage(authorities.stage(), step, facts)?;
    let record = (next != Stage::Settled)
        .then(|| serde_json::to_string(record).expect("a map with text keys becomes JSON"));
    authorities.at(next, now)?.store(folder, record)?;
    Ok(next)
}

/// How far a rotation of the authorities in `folder` is, and what was noted then; what cannot be read was not noted.
pub fn rotation(folder: &Path) -> (Stage, Record) {
    let record = fs::read(folder.join(RECORD)).ok();
    let record = record.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    (stage_of(folder), record.unwrap_or_default())
}
