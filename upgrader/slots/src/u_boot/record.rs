//! `slots.txt`: what `boot.scr` starts, one sector that people can read.
//!
//! ```text
//! done=1
//! good=holdfast_1.0.0.efi
//! left=2
//! trial=holdfast_1.1.0.efi
//! ```
//!
//! then zeroes, and the checksum (CRC-32, big-endian) of the 508 bytes before it. U-Boot writes it with `env export`, so the names
//! are sorted and one without a value is left out. 512 bytes are what any disk writes whole or not at all.

use crate::{Counter, EntryName};

/// Bytes of the record, a sector.
pub const RECORD_SIZE: usize = 512;
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

/// Bytes that are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// It has another length.
    #[error("it has {0} bytes, and a record of U-Boot's slots has {RECORD_SIZE}")]
    Length(usize),
    /// Its checksum is not that of its bytes.
    #[error("its checksum is not that of its content")]
    Checksum,
    /// A line is not one of ours.
    #[error("its line {0:?} is not understood")]
    Line(String),
    /// It names no good release.
    #[error("it names no good release")]
    NoGood,
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

    /// Reads the file.
    ///
    /// # Errors
    /// U-Boot would not believe it either, or it names no good release.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadRecord> {
        if bytes.len() != RECORD_SIZE {
            return Err(BadRecord::Length(bytes.len()));
        }
        let (covered, checksum) = bytes.split_at(COVERED);
        if crc32fast::hash(covered).to_be_bytes() != checksum {
            return Err(BadRecord::Checksum);
        }
        let text = covered.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        let (mut good, mut kept, mut trial, mut counter) = (None, None, None, Counter::fresh(0));
        for line in text.lines() {
            let bad = || BadRecord::Line(line.to_owned());
            let (name, value) = line.split_once('=').ok_or_else(bad)?;
            let number = || u32::from_str_radix(value, 16).map_err(|_| bad());
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
        out[COVERED..].copy_from_slice(&checksum.to_be_bytes());
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
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
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
