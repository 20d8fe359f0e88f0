//! The record and its copy, as they lie on the first partition.

use super::record::Record;
use crate::{SlotsError, sector_file};
use std::path::{Path, PathBuf};

/// What the firmware reads.
pub const RECORD: &str = "autoboot.txt";
/// Its copy without a trial, for the case that the first one is damaged: the firmware never reads that one.
pub const SPARE_RECORD: &str = "autoboot-good.txt";

/// Both, on the mounted partition.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    partition: PathBuf,
}

impl Records {
    pub(super) fn on(partition: &Path) -> Self {
        Self {
            partition: partition.into(),
        }
    }

    /// The record, as the device has it; where it is damaged or was changed by hand, its copy.
    pub(super) fn load(&self) -> Result<Record, SlotsError> {
        self.read(RECORD).or_else(|error| {
            // The first one's damage is what matters if the second one is damaged, too.
            self.read(SPARE_RECORD).map_err(|_| error)
        })
    }

    /// Writes the record, its copy first if that says something else about what is where.
    pub(super) fn store(&self, record: &Record) -> Result<(), SlotsError> {
        let spare = record.without_trial();
        if self.read(SPARE_RECORD).ok().as_ref() != Some(&spare) {
            sector_file::write(&self.partition, SPARE_RECORD, &spare.render())?;
        }
        sector_file::write(&self.partition, RECORD, &record.render())
    }

    fn read(&self, file: &str) -> Result<Record, SlotsError> {
        let path = self.partition.join(file);
        Record::parse(&sector_file::read(&path)?)
            .map_err(|source| SlotsError::Record { path, source })
    }
}
