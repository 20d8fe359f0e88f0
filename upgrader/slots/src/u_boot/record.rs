//! `slots.txt`: what `boot.scr` starts, one sector that people can read.
//!
//! ```text
//! done=1
//! good=holdfast_1.0.0.efi
//! left=2
//! trial=holdfast_1.1.0.efi
//! ```
//!
//! then zeroes, and the checksum (CRC-32, little-endian) of the 508 bytes before it. U-Boot writes it with `env export`, so the names
//! are sorted and one without a value is left out. 512 bytes are what any disk writes whole or not at all.

use crate::bad_record::BadRecord;
use crate::sector_file::SIZE;
use crate::{Counter, EntryName, SlotsError};

/// Bytes of the record, a sector.
pub const RECORD_SIZE: usize = SIZE;
/// Bytes that the checksum covers.
const COVERED: usize = RECORD_SIZE - 4;
/// The highest number that a counter has: one digit, the same in U-Boot's hexadecimal and for people.
const MOST: u32 = 9;

/// What U-Boot starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The last release that proved itself.
    pub good: EntryName,
    /// Another that did, and is started only if the good one is not there.
    pub kept: Option<EntryName>,
    /// One that has to prove itself, and its tries. It is started first as long as some are left.
    pub trial: Option<(EntryName, Counter)>,
}

impl Record {
    /// That of a disk with one release.
    pub const fn of(good: EntryName) -> Self {
        Self {
            good,
            kept: None,
            trial: None,
        }
    }

    /// Whether it names this release.
    pub fn names(&self, name: &EntryName) -> bool {
        let trial = self.trial.as_ref().map(|(trial, _)| trial);
        self.good == *name || self.kept.as_ref() == Some(name) || trial == Some(name)
    }

    /// The same without a trial.
    pub fn without_trial(&self) -> Self {
        Self {
            trial: None,
            ..self.clone()
        }
    }

    /// The record with another counter of this release; with none, one on trial has proved itself.
    ///
    /// # Errors
    /// It is the good one, which has no counter, or is not named at all.
    pub fn counted(&self, name: &EntryName, counter: Option<Counter>) -> Result<Self, SlotsError> {
        let is_tried = self.trial.as_ref().is_some_and(|(trial, _)| trial == name);
        let is_kept = self.kept.as_ref() == Some(name);
        match counter {
            None if is_tried => Ok(Self {
                good: name.clone(),
                kept: (self.good != *name).then(|| self.good.clone()),
                trial: None,
            }),
            None if self.good == *name || is_kept => Ok(self.clone()),
            Some(counter) if is_tried || is_kept => Ok(Self {
                trial: Some((name.clone(), counter)),
                ..self.clone()
            }),
            Some(_) if self.good == *name => Err(SlotsError::GoodIsNotCounted(name.to_string())),
            _ => Err(SlotsError::Missing(name.to_string())),
        }
    }

    /// The record of these releases alone. If the good one is not among them, the first of them is.
    pub fn only(mut self, names: &[&EntryName]) -> Self {
        self.kept = self.kept.filter(|kept| names.contains(&kept));
        self.trial = self.trial.filter(|(trial, _)| names.contains(&trial));
        if let Some(first) = names.first().filter(|_| !names.contains(&&self.good)) {
            self.good = (*first).clone();
            self.kept = self.kept.filter(|kept| kept != *first);
            self.trial = self.trial.filter(|(trial, _)| trial != *first);
        }
        self
    }

    /// Reads the file.
    ///
    /// # Errors
    /// U-Boot would not believe it either, or it names no good release.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadRecord> {
        if bytes.len() != RECORD_SIZE {
            return Err(BadRecord::Length(bytes.len()));
        }
        let (covered, checksum) = bytes.split_at(COVERED);
        if crc32fast::hash(covered).to_le_bytes() != checksum {
            return Err(BadRecord::Checksum);
        }
        let text = covered.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        let (mut good, mut kept, mut trial, mut counter) = (None, None, None, Counter::fresh(0));
        for line in text.lines() {
            let bad = || BadRecord::Line(line.to_owned());
            let (name, value) = line.split_once('=').ok_or_else(bad)?;
            let number = || match u32::from_str_radix(value, 16) {
                Ok(number) => Ok(number.min(MOST)),
                Err(_) => Err(bad()),
            };
            match name {
                "good" => good = Some(value.parse().map_err(|_| bad())?),
                "kept" => kept = Some(value.parse().map_err(|_| bad())?),
                "trial" => trial = Some(value.parse().map_err(|_| bad())?),
                "left" => counter.left = number()?,
                "done" => counter.done = number()?,
                _ => return Err(bad()),
            }
        }
        Ok(Self {
            good: good.ok_or(BadRecord::NoGood)?,
            kept,
            trial: trial.map(|trial| (trial, counter)),
        })
    }

    /// The file.
    pub fn render(&self) -> [u8; RECORD_SIZE] {
        let mut lines = vec![format!("good={}", self.good)];
        lines.extend(self.kept.as_ref().map(|kept| format!("kept={kept}")));
        if let Some((trial, counter)) = &self.trial {
            lines.push(format!("done={}", counter.done.min(MOST)));
            lines.push(format!("left={}", counter.left.min(MOST)));
            lines.push(format!("trial={trial}"));
        }
        lines.sort_unstable();
        let text = lines.join("\n") + "\n";
        let mut out = [0; RECORD_SIZE];
        // Three names of 113 bytes at most: it fits.
        out[..text.len()].copy_from_slice(text.as_bytes());
        let checksum = crc32fast::hash(&out[..COVERED]);
        out[COVERED..].copy_from_slice(&checksum.to_le_bytes());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{BadRecord, COVERED, RECORD_SIZE, Record};
    use crate::{Counter, EntryName};
    use proptest::prelude::*;

    fn name(version: &str) -> EntryName {
        EntryName::of_version(version).expect("a version")
    }

    fn with_text(text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(COVERED, 0);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    #[test]
    fn a_record_is_readable_and_comes_back() {
        let mut record = Record::of(name("1.0.0"));
        assert_eq!(
            record.render().to_vec(),
            with_text("good=holdfast_1.0.0.efi\n")
        );
        record.kept = Some(name("0.9.0"));
        record.trial = Some((name("1.1.0"), Counter { left: 2, done: 1 }));
        let text = "done=1\ngood=holdfast_1.0.0.efi\nkept=holdfast_0.9.0.efi\nleft=2\ntrial=holdfast_1.1.0.efi\n";
        assert_eq!(record.render().to_vec(), with_text(text));
        assert_eq!(Record::parse(&record.render()), Ok(record));
    }

    #[test]
    fn what_is_no_record_is_said() {
        let whole = Record::of(name("1")).render();
        let mut damaged = whole;
        damaged[6] ^= 1;
        for (bytes, expected) in [
            (whole[1..].to_vec(), BadRecord::Length(RECORD_SIZE - 1)),
            (damaged.to_vec(), BadRecord::Checksum),
            (with_text(""), BadRecord::NoGood),
            (with_text("left=3\n"), BadRecord::NoGood),
            (with_text("good\n"), BadRecord::Line("good".into())),
            (
                with_text("good=linux.efi\n"),
                BadRecord::Line("good=linux.efi".into()),
            ),
            (
                with_text("good=holdfast_1.efi\nleft=x\n"),
                BadRecord::Line("left=x".into()),
            ),
        ] {
            assert_eq!(Record::parse(&bytes), Err(expected));
        }
    }

    #[test]
    fn the_longest_names_fit() {
        let long = |c: &str| name(&c.repeat(100));
        let record = Record {
            good: long("1"),
            kept: Some(long("2")),
            trial: Some((long("3"), Counter { left: 9, done: 9 })),
        };
        assert_eq!(Record::parse(&record.render()), Ok(record));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(text in "(good|kept|trial|left|done|x)?=?holdfast_[0-9]{0,3}(\\.efi)?\\PC{0,40}\n?", at in 0_usize..512, byte: u8) {
            let bytes = with_text(&text);
            if let Ok(record) = Record::parse(&bytes) {
                prop_assert_eq!(Record::parse(&record.render()), Ok(record));
            }
            let mut torn = Record::of(name("1")).render();
            torn[at] = byte;
            let _ = Record::parse(&torn);
        }
    }
}
