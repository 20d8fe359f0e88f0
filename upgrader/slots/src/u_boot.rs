//! U-Boot's choice: programs in `EFI/Linux` under names that never change, and a record of one sector that says which of them
//! `boot.scr` starts.
//!
//! `boot.scr` is [`SCRIPT`]; the scenario `what_u_boot_starts` runs it in U-Boot against a table of records.
//!
//! # Guarantees
//! Every decision is one write of one sector, in place: a cut leaves the record before or the new one. No program is ever renamed,
//! and one that the record does not name is never started. The copy of the record names no trial and is written first, so that it
//! is never behind by more than the release that proves itself at that moment.

mod record;

pub use record::{RECORD_SIZE, Record};

use crate::folder::{Folder, check};
use crate::sector_file;
use crate::{Counter, Entry, EntryName, SlotsError, Writing};
use std::path::{Path, PathBuf};

/// What U-Boot runs, as text. On the boot partition it is `boot.scr`, in U-Boot's own wrapping.
pub const SCRIPT: &str = include_str!("u_boot/boot.cmd");
/// The name of the script there.
pub const SCRIPT_FILE: &str = "boot.scr";
/// The record that U-Boot lowers counters in, on the boot partition.
pub const RECORD: &str = "slots.txt";
/// Its copy for the case that the first one is damaged: never written by U-Boot.
pub const SPARE_RECORD: &str = "slots-good.txt";

/// A mounted boot partition with U-Boot's record.
#[derive(Debug, Clone)]
pub struct UBoot {
    partition: PathBuf,
    folder: Folder,
}

impl UBoot {
    /// The record and the programs on the boot partition that is mounted at `partition`.
    pub fn new(partition: &Path) -> Self {
        Self {
            partition: partition.into(),
            folder: Folder::on(partition),
        }
    }

    /// Whether this is a boot partition that U-Boot starts from.
    pub(crate) fn is_on(partition: &Path) -> bool {
        partition.join(SCRIPT_FILE).is_file() || partition.join(RECORD).is_file()
    }

    /// The record, as the device has it; where it is damaged, its copy.
    ///
    /// # Errors
    /// Both are damaged or missing.
    pub fn record(&self) -> Result<Record, SlotsError> {
        self.read(RECORD).or_else(|error| {
            // The first one's damage is what matters if the second one is damaged, too.
            self.read(SPARE_RECORD).map_err(|_| error)
        })
    }

    /// The entry of this name, if the record names it and its program is there.
    ///
    /// # Errors
    /// The record is damaged.
    pub fn find(&self, name: &EntryName) -> Result<Option<Entry>, SlotsError> {
        let record = self.record()?;
        let counter = match &record.trial {
            Some((trial, counter)) if trial == name => Some(*counter),
            _ if record.good == *name || record.kept.as_ref() == Some(name) => None,
            _ => return Ok(None),
        };
        let entry = Entry {
            name: name.clone(),
            counter,
        };
        Ok(self.program(name).is_file().then_some(entry))
    }

    /// The program of the entry of this name.
    ///
    /// # Errors
    /// The record is damaged.
    pub fn program_of(&self, name: &EntryName) -> Result<Option<PathBuf>, SlotsError> {
        Ok(self.find(name)?.map(|entry| self.program(&entry.name)))
    }

    /// Whether a program waits to become the entry of this name: it is there, and the record does not name it.
    pub fn waits(&self, name: &EntryName) -> bool {
        let known = self.record().is_ok_and(|record| record.names(name));
        !known && self.program(name).is_file()
    }

    /// Begins to write a program of `size` bytes that the record does not name.
    ///
    /// # Errors
    /// It is an entry, there is no room, or the file cannot be made.
    pub fn begin(&self, name: &EntryName, size: u64) -> Result<Writing, SlotsError> {
        if self.record()?.names(name) {
            return Err(SlotsError::IsEntry(name.to_string()));
        }
        Ok(Writing::of_file(
            self.folder.begin(self.program(name), size)?,
        ))
    }

    /// Checks the digest of a program that waits, as it is on the device.
    ///
    /// # Errors
    /// It is not there, or not what it was.
    pub fn check_waiting(&self, name: &EntryName, sha256: &str) -> Result<(), SlotsError> {
        if !self.waits(name) {
            return Err(SlotsError::Missing(name.to_string()));
        }
        check(self.program(name), sha256)
    }

    /// Puts the program that waits on trial.
    ///
    /// # Errors
    /// It is not there, or the record cannot be written.
    pub fn arm(&self, name: &EntryName, tries: u32) -> Result<(), SlotsError> {
        if !self.waits(name) {
            return Err(SlotsError::Missing(name.to_string()));
        }
        let mut record = self.record()?;
        record.trial = Some((name.clone(), Counter::fresh(tries)));
        self.store(&record)
    }

    /// Takes the release off its trial: its program waits again.
    ///
    /// # Errors
    /// It is on none, or the record cannot be written.
    pub fn disarm(&self, name: &EntryName) -> Result<(), SlotsError> {
        let mut record = self.record()?;
        match &record.trial {
            Some((trial, _)) if trial == name => record.trial = None,
            _ => return Err(SlotsError::Missing(name.to_string())),
        }
        self.store(&record)
    }

    /// Gives the entry another counter; with none, one that is on trial becomes the good one, and the one before is kept.
    ///
    /// # Errors
    /// The record does not name it, it is the good one, which has no counter, or the record cannot be written.
    pub fn count(&self, name: &EntryName, counter: Option<Counter>) -> Result<(), SlotsError> {
        let record = self.record()?;
        match record.counted(name, counter)? {
            counted if counted == record => Ok(()),
            counted => self.store(&counted),
        }
    }

    /// Forgets and removes every program but those of `kept`, of which the first is the good one from now on if the good one is
    /// not among them.
    ///
    /// # Errors
    /// One cannot be removed, or the record not be written.
    pub fn keep_only(&self, kept: &[&EntryName]) -> Result<(), SlotsError> {
        let record = self.record()?;
        let only = record.clone().only(kept);
        if only != record {
            self.store(&only)?;
        }
        for file in self.folder.list()? {
            let name = file.parse::<EntryName>();
            if name.is_ok_and(|name| !kept.contains(&&name) && !only.names(&name)) {
                self.folder.remove(&self.folder.join(&file))?;
            }
        }
        Ok(())
    }

    /// Proves that the record takes writes: U-Boot does not start a release on trial otherwise.
    ///
    /// # Errors
    /// It does not take or does not keep them.
    pub fn prove_writable(&self) -> Result<(), SlotsError> {
        self.store(&self.record()?)
    }

    /// Checks that `needed` bytes are free.
    ///
    /// # Errors
    /// They are not.
    pub fn check_room(&self, needed: u64) -> Result<(), SlotsError> {
        self.folder.check_room(needed)
    }

    /// Writes the record, its copy first if that names another good release.
    fn store(&self, record: &Record) -> Result<(), SlotsError> {
        let spare = record.without_trial();
        if self.read(SPARE_RECORD).ok().as_ref() != Some(&spare) {
            self.write(SPARE_RECORD, &spare)?;
        }
        self.write(RECORD, record)
    }

    fn read(&self, file: &str) -> Result<Record, SlotsError> {
        let path = self.partition.join(file);
        Record::parse(&sector_file::read(&path)?)
            .map_err(|source| SlotsError::Record { path, source })
    }

    fn write(&self, file: &str, record: &Record) -> Result<(), SlotsError> {
        sector_file::write(&self.partition, file, &record.render())
    }

    fn program(&self, name: &EntryName) -> PathBuf {
        self.folder.join(name.as_str())
    }
}

#[cfg(test)]
mod tests;
