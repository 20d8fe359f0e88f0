//! What can go wrong on the boot partition.

use crate::bad_record::BadRecord;
use std::io;
use std::path::PathBuf;

/// The boot partition, or a device behind a slot, does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum SlotsError {
    /// It cannot be mounted for writing.
    #[error("cannot mount the boot partition {device} for writing")]
    Mount {
        /// Its device.
        device: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A step on a file of it failed.
    #[error("cannot {what} {path} on the boot partition")]
    File {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was read back is not what was written.
    #[error(
        "{path} on the boot partition has SHA-256 {found}, expected {expected}: the disk does not keep what is written to it"
    )]
    Changed {
        /// Which file.
        path: PathBuf,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// There is no such entry.
    #[error("the boot partition has no entry {0}")]
    Missing(String),
    /// The record of the slots is damaged, and so is its copy.
    #[error("{path} on the boot partition is damaged, and so is its copy")]
    Record {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: BadRecord,
    },
    /// The good release cannot be counted.
    #[error("{0} is the last good release, which has no counter")]
    GoodIsNotCounted(String),
    /// A program of an entry is not overwritten.
    #[error("{0} is a boot entry: it cannot be written again")]
    IsEntry(String),
    /// A name that the record cannot hold.
    #[error("{name} is too long a name for {file}, which holds names of {most} characters at most")]
    LongName {
        /// The entry.
        name: String,
        /// The record.
        file: &'static str,
        /// What fits.
        most: usize,
    },
    /// The machine's slots have boot partitions of their own, and nobody said where.
    #[error("the disk has no boot partition of slot {0}")]
    NoSlotPartition(char),
    /// A release could be written, and never started.
    #[error(
        "the kernel cannot ask this machine's firmware for one start of another slot (neither {0} is there): no release can be tried on it"
    )]
    NoOneShot(String),
    /// Not enough room.
    #[error("the boot partition has {free} bytes free, {needed} are needed")]
    Full {
        /// Bytes that are free.
        free: u64,
        /// Bytes that are needed.
        needed: u64,
    },
}
