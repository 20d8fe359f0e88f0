//! The Raspberry Pi firmware's choice: `autoboot.txt` on the first partition says which slot's own boot partition is started, and
//! which one once after a restart that asks for it (<https://www.raspberrypi.com/documentation/computers/config_txt.html#autoboot-txt>).
//!
//! # Guarantees
//! Every decision is one write of one sector, in place: a cut leaves the slot before or the new one. A slot's boot partition is
//! written as an image while nothing names it, and its first bytes come last, so that firmware that looks for any bootable
//! partition never takes one that is half written. A release on trial is started by a restart that asks for it and by nothing
//! else: whatever ends its boot otherwise, the good one is next.

mod image;
mod next_start;
mod record;
mod records;

pub(crate) use image::NewImage;
pub use next_start::NextStart;
pub use record::{RECORD_SIZE, Record, Slot, Spare, Standing};
pub use records::{RECORD, SPARE_RECORD};

use crate::folder::{check_first, failure};
use crate::{Counter, Entry, EntryName, SlotsError, Writing};
use records::Records;
use std::path::{Path, PathBuf};

/// How often a release is tried. The firmware's flag counts for one start; after that the good release runs, and tells.
pub const TRIES: u32 = 1;
/// What must be there for a restart that asks for the other slot: our module, or the Raspberry Pi's own kernel. Mainline's ignores
/// the words that are given to a restart.
pub const ONE_SHOT: [&str; 2] = ["/sys/module/holdfast_tryboot", "/dev/vcio"];

/// The devices of the slots' own boot partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotBoots {
    /// That of slot A.
    pub a: PathBuf,
    /// That of slot B.
    pub b: PathBuf,
}

impl SlotBoots {
    fn of(&self, slot: Slot) -> &Path {
        match slot {
            Slot::A => &self.a,
            Slot::B => &self.b,
        }
    }
}

/// The mounted first partition of a Raspberry Pi's disk, and the slots' boot partitions.
#[derive(Debug, Clone)]
pub struct Tryboot {
    records: Records,
    boots: Option<SlotBoots>,
}

impl Tryboot {
    /// With the first partition mounted at `partition`. Without `boots` the record alone can be read and written.
    pub fn new(partition: &Path, boots: Option<&SlotBoots>) -> Self {
        Self {
            records: Records::on(partition),
            boots: boots.cloned(),
        }
    }

    /// Whether this is a partition that the firmware chooses a slot by.
    pub(crate) fn is_on(partition: &Path) -> bool {
        partition.join(RECORD).is_file() || partition.join(SPARE_RECORD).is_file()
    }

    /// The record, as the device has it; where it is damaged or was changed by hand, its copy.
    ///
    /// # Errors
    /// Both are damaged or missing.
    pub fn record(&self) -> Result<Record, SlotsError> {
        self.records.load()
    }

    /// The entry of this name, if it may be started.
    ///
    /// # Errors
    /// The record is damaged.
    pub fn find(&self, name: &EntryName) -> Result<Option<Entry>, SlotsError> {
        let record = self.record()?;
        let counter = match &record.spare {
            _ if record.good_name == *name => None,
            Some(spare) if spare.name == *name && spare.trial.is_some() => spare.trial,
            Some(spare) if spare.name == *name && spare.standing == Standing::Kept => None,
            _ => return Ok(None),
        };
        Ok(Some(Entry {
            name: name.clone(),
            counter,
        }))
    }

    /// The device that begins with the image of this entry.
    ///
    /// # Errors
    /// The record is damaged, or nobody said where the partition is.
    pub fn program_of(&self, name: &EntryName) -> Result<Option<PathBuf>, SlotsError> {
        let record = self.record()?;
        let slot = match record.good_name == *name {
            true => record.good,
            false => record.good.other(),
        };
        match self.find(name)? {
            Some(_) => self.device(slot).map(Some),
            None => Ok(None),
        }
    }

    /// Whether an image waits to become the entry of this name.
    pub fn waits(&self, name: &EntryName) -> bool {
        self.record()
            .is_ok_and(|record| record.waiting(name).is_some())
    }

    /// Begins to write an image of `size` bytes to the boot partition of the slot that is not the good one's.
    ///
    /// # Errors
    /// It is an entry, there is no room, or nobody said where the partition is.
    pub fn begin(&self, name: &EntryName, size: u64) -> Result<Writing, SlotsError> {
        if name.as_str().len() > record::LONGEST {
            return Err(SlotsError::LongName {
                name: name.to_string(),
                file: RECORD,
                most: record::LONGEST,
            });
        }
        let record = self.record()?;
        if self.find(name)?.is_some() {
            return Err(SlotsError::IsEntry(name.to_string()));
        }
        let device = self.device(record.good.other())?;
        self.check_room(size)?;
        let image = NewImage::begin(self.records.clone(), name.clone(), size, device)?;
        Ok(Writing::of_image(image))
    }

    /// Checks the digest of an image that waits, as it is on the device.
    ///
    /// # Errors
    /// It is not there, or not what it was.
    pub fn check_waiting(&self, name: &EntryName, sha256: &str) -> Result<(), SlotsError> {
        let record = self.record()?;
        let size = record.waiting(name);
        let size = size.ok_or_else(|| SlotsError::Missing(name.to_string()))?;
        check_first(self.device(record.good.other())?, size, sha256)
    }

    /// Puts the release whose image waits on trial.
    ///
    /// # Errors
    /// It is not there, or the record cannot be written.
    pub fn arm(&self, name: &EntryName, tries: u32) -> Result<(), SlotsError> {
        self.records.store(&self.record()?.armed(name, tries)?)
    }

    /// Takes the release off its trial: its image waits again.
    ///
    /// # Errors
    /// It is on none, or the record cannot be written.
    pub fn disarm(&self, name: &EntryName) -> Result<(), SlotsError> {
        self.records.store(&self.record()?.disarmed(name)?)
    }

    /// Gives the entry another counter; with none, one that is on trial becomes the good one, and the one before is kept.
    ///
    /// # Errors
    /// The record does not name it, it is the good one, which has no counter, or the record cannot be written.
    pub fn count(&self, name: &EntryName, counter: Option<Counter>) -> Result<(), SlotsError> {
        let record = self.record()?;
        match record.counted(name, counter)? {
            counted if counted == record => Ok(()),
            counted => self.records.store(&counted),
        }
    }

    /// Forgets every entry and every image that waits but those of `kept`; a slot that has none of them is no file system any more,
    /// so that nothing starts a kernel whose root is about to go. If the good one is not among them, the other one is good from now on.
    ///
    /// # Errors
    /// None of them is there, or the record or the slot cannot be written.
    pub fn keep_only(&self, kept: &[&EntryName]) -> Result<(), SlotsError> {
        let record = self.record()?;
        let only = record.only(kept)?;
        if only != record {
            self.records.store(&only)?;
        }
        if only.spare.is_some() {
            return Ok(());
        }
        let device = self.device(only.good.other())?;
        image::clear(&device).map_err(failure("clear", &device))
    }

    /// Proves that the record takes writes.
    ///
    /// # Errors
    /// It does not take or does not keep them.
    pub fn prove_writable(&self) -> Result<(), SlotsError> {
        self.records.store(&self.record()?)
    }

    /// Checks that an image of `needed` bytes fits.
    ///
    /// # Errors
    /// It does not.
    pub fn check_room(&self, needed: u64) -> Result<(), SlotsError> {
        let device = self.device(self.record()?.good.other())?;
        let free = image::length(&device).map_err(failure("look at", &device))?;
        if free >= needed {
            Ok(())
        } else {
            Err(SlotsError::Full { free, needed })
        }
    }

    /// What the next start is, if the machine restarts now out of the release `running`; `interrupted` is whether that ends a trial
    /// on purpose. A try is written down before it is made.
    ///
    /// # Errors
    /// The record cannot be read, or a try not be counted: then the good one has to be started.
    pub fn restart(&self, running: &EntryName, interrupted: bool) -> Result<NextStart, SlotsError> {
        let record = self.record()?;
        let (next, counted) = record.at_restart(running, interrupted);
        if let Some(counted) = counted {
            self.records.store(&counted)?;
        }
        Ok(next)
    }

    fn device(&self, slot: Slot) -> Result<PathBuf, SlotsError> {
        let boots = self.boots.as_ref();
        let boots = boots.ok_or(SlotsError::NoSlotPartition(slot.letter()))?;
        Ok(boots.of(slot).to_owned())
    }
}

#[cfg(test)]
mod tests;
