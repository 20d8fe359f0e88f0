//! `autoboot.txt`: what the firmware starts, and in remarks that it passes over what is in the slots; one sector.
//!
//! ```text
//! [all]
//! tryboot_a_b=1
//! boot_partition=2
//! [tryboot]
//! boot_partition=3
//! # Written by Holdfast: the slot that starts, and what is in both.
//! # a=holdfast_1.0.0.efi
//! # b=holdfast_1.1.0.efi
//! # size=71303168
//! # left=1
//! # done=0
//! # sum=1a2b3c4d
//! ```
//!
//! then empty lines. The firmware reads 512 bytes of it, of a line 98 characters, and what begins with `#` not at all. What it
//! needs stands in the first half of the sector, and the numbers of both slots have one digit: whatever part of a write is there,
//! the firmware finds one of both. `sum` (CRC-32 of all before it) tells us, who need the rest.

use crate::bad_record::BadRecord;
use crate::sector_file::SIZE;
use crate::{Counter, EntryName, SlotsError};

/// Bytes of the record, a sector.
pub const RECORD_SIZE: usize = SIZE;
/// The longest name that fits into a line.
pub(super) const LONGEST: usize = 90;
/// The highest number that a counter has.
const MOST: u32 = 9;
const SUM: &str = "# sum=";
const PARTITION: &str = "boot_partition=";

/// A slot, by its boot partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The one that is in the image.
    A,
    /// The other one.
    B,
}

/// What is in the slot that is not the good one's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spare {
    /// The release.
    pub name: EntryName,
    /// How it came there.
    pub standing: Standing,
    /// Its tries, if it is on trial.
    pub trial: Option<Counter>,
}

/// Whether a release has proved itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was written there, and not confirmed yet.
    New {
        /// Bytes of its image.
        size: u64,
    },
    /// It was the good one before.
    Kept,
}

/// What the firmware starts, and what is in the slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The slot that is started.
    pub good: Slot,
    /// The release in it, the last one that proved itself.
    pub good_name: EntryName,
    /// The other slot's, if it is whole.
    pub spare: Option<Spare>,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The number of its boot partition: `disk` lays them out so, and a test of the image's builder holds both together.
    pub const fn partition(self) -> u32 {
        match self {
            Self::A => 2,
            Self::B => 3,
        }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// Its letter.
    pub const fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
        }
    }
}

impl Record {
    /// That of a disk with one release, in slot A.
    pub const fn of(good_name: EntryName) -> Self {
        Self {
            good: Slot::A,
            good_name,
            spare: None,
        }
    }

    /// The same with other tries of the spare slot's release.
    #[must_use]
    pub fn with_trial(&self, trial: Option<Counter>) -> Self {
        let spare = self.spare.clone().map(|spare| Spare { trial, ..spare });
        Self {
            spare,
            ..self.clone()
        }
    }

    /// The same without a trial.
    #[must_use]
    pub fn without_trial(&self) -> Self {
        self.with_trial(None)
    }

    /// Bytes of the image of this name, if it waits to be tried.
    pub fn waiting(&self, name: &EntryName) -> Option<u64> {
        let spare = self.spare.as_ref().filter(|spare| spare.name == *name)?;
        match (spare.standing, spare.trial) {
            (Standing::New { size }, None) => Some(size),
            _ => None,
        }
    }

    /// With nothing in the spare slot.
    pub(super) fn emptied(&self) -> Self {
        Self {
            spare: None,
            ..self.clone()
        }
    }

    /// With this release in the spare slot.
    pub(super) fn staged(&self, name: EntryName, size: u64) -> Self {
        let spare = Spare {
            name,
            standing: Standing::New { size },
            trial: None,
        };
        Self {
            spare: Some(spare),
            ..self.clone()
        }
    }

    /// With the release that waits on trial.
    pub(super) fn armed(&self, name: &EntryName, tries: u32) -> Result<Self, SlotsError> {
        match self.waiting(name) {
            Some(_) => Ok(self.with_trial(Some(Counter::fresh(tries)))),
            None => Err(SlotsError::Missing(name.to_string())),
        }
    }

    /// With the release on trial waiting again.
    pub(super) fn disarmed(&self, name: &EntryName) -> Result<Self, SlotsError> {
        match &self.spare {
            Some(spare) if spare.name == *name && spare.trial.is_some() => Ok(self.without_trial()),
            _ => Err(SlotsError::Missing(name.to_string())),
        }
    }

    /// The record with another counter of this release; with none, one on trial has proved itself.
    ///
    /// # Errors
    /// It is the good one, which has no counter, or is not to be started at all.
    pub fn counted(&self, name: &EntryName, counter: Option<Counter>) -> Result<Self, SlotsError> {
        if self.good_name == *name {
            return match counter {
                None => Ok(self.clone()),
                Some(_) => Err(SlotsError::GoodIsNotCounted(name.to_string())),
            };
        }
        let spare = self.spare.as_ref().filter(|spare| spare.name == *name);
        let missing = || SlotsError::Missing(name.to_string());
        let spare = spare.ok_or_else(missing)?;
        match (counter, spare.trial, spare.standing) {
            (None, Some(_), _) => Ok(Self {
                good: self.good.other(),
                good_name: name.clone(),
                spare: Some(Spare {
                    name: self.good_name.clone(),
                    standing: Standing::Kept,
                    trial: None,
                }),
            }),
            (None, None, Standing::Kept) => Ok(self.clone()),
            (Some(_), Some(_), _) | (Some(_), None, Standing::Kept) => Ok(self.with_trial(counter)),
            (_, None, Standing::New { .. }) => Err(missing()),
        }
    }

    /// The record of these releases alone. If the good one is not among them, that in the other slot is.
    pub(super) fn only(&self, names: &[&EntryName]) -> Result<Self, SlotsError> {
        let is_kept = |name: &EntryName| names.contains(&name);
        match &self.spare {
            Some(spare) if is_kept(&spare.name) && !is_kept(&self.good_name) => Ok(Self {
                good: self.good.other(),
                good_name: spare.name.clone(),
                spare: None,
            }),
            _ if !is_kept(&self.good_name) => {
                let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                Err(SlotsError::Missing(names.join(", ")))
            }
            Some(spare) if !is_kept(&spare.name) => Ok(self.emptied()),
            _ => Ok(self.clone()),
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// It is damaged, or somebody changed it.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadRecord> {
        if bytes.len() != RECORD_SIZE {
            return Err(BadRecord::Length(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BadRecord::Checksum)?;
        let (covered, sum) = text.rsplit_once(SUM).ok_or(BadRecord::Checksum)?;
        if sum.trim_end_matches('\n') != checksum(covered) {
            return Err(BadRecord::Checksum);
        }
        let record = read(covered)?;
        match record.render() == bytes {
            true => Ok(record),
            false => Err(BadRecord::Foreign),
        }
    }

    /// The file.
    pub fn render(&self) -> [u8; RECORD_SIZE] {
        let mut names = [
            (self.good, Some(&self.good_name)),
            (self.good.other(), None),
        ];
        names[1].1 = self.spare.as_ref().map(|spare| &spare.name);
        names.sort_by_key(|(slot, _)| slot.letter());
        let mut text = format!(
            "[all]\ntryboot_a_b=1\n{PARTITION}{}\n[tryboot]\n{PARTITION}{}\n# Written by Holdfast: the slot that starts, and what is in both.\n",
            self.good.partition(),
            self.good.other().partition()
        );
        for (slot, name) in names {
            if let Some(name) = name {
                text += &format!("# {}={name}\n", slot.letter());
            }
        }
        if let Some(spare) = &self.spare {
            if let Standing::New { size } = spare.standing {
                text += &format!("# size={size}\n");
            }
            if let Some(Counter { left, done }) = spare.trial {
                text += &format!("# left={}\n# done={}\n", left.min(MOST), done.min(MOST));
            }
        }
        text += &format!("{SUM}{}\n", checksum(&text));
        let mut out = [b'\n'; RECORD_SIZE];
        // Two names of 113 bytes at most: it fits.
        out[..text.len()].copy_from_slice(text.as_bytes());
        out
    }
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

/// What the lines say, leniently: who reads compares it with what would be written.
fn read(text: &str) -> Result<Record, BadRecord> {
    let (mut good, mut names, mut size) = (None, [None, None], None);
    let (mut left, mut done) = (None, 0);
    for line in text.lines() {
        let bad = || BadRecord::Line(line.to_owned());
        let name = |value: &str| value.parse::<EntryName>().map_err(|_| bad());
        let number = |value: &str| value.parse::<u32>().map_err(|_| bad());
        match line.trim_start_matches("# ").split_once('=') {
            Some(("boot_partition", value)) if good.is_none() => good = slot(number(value)?),
            Some(("a", value)) => names[0] = Some(name(value)?),
            Some(("b", value)) => names[1] = Some(name(value)?),
            Some(("size", value)) => size = Some(value.parse().map_err(|_| bad())?),
            Some(("left", value)) => left = Some(number(value)?),
            Some(("done", value)) => done = number(value)?,
            _ => {}
        }
    }
    let good = good.ok_or(BadRecord::NoGood)?;
    if good == Slot::B {
        names.reverse();
    }
    let [good_name, spare] = names;
    Ok(Record {
        good,
        good_name: good_name.ok_or(BadRecord::NoGood)?,
        spare: spare.map(|name| Spare {
            name,
            standing: size.map_or(Standing::Kept, |size| Standing::New { size }),
            trial: left.map(|left| Counter { left, done }),
        }),
    })
}

fn slot(partition: u32) -> Option<Slot> {
    Slot::ALL
        .into_iter()
        .find(|slot| slot.partition() == partition)
}

#[cfg(test)]
mod tests;
