//! Writing a table so that a power cut at any moment leaves a whole one.

use std::io;

use super::decode::{Damage, check};
use super::encode::{self, Encoded};
use super::{Copies, ReadError, Table, mbr};
use crate::{Geometry, Store};

/// A table could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// There is no table to repair the other copy from.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The table is one that would not be read back.
    #[error("the partition table cannot be written: {0}")]
    Invalid(Damage),
    /// The disk did not take it.
    #[error("cannot write the partition table at sector {sector}")]
    Primary {
        /// Where.
        sector: u64,
        /// Why.
        source: io::Error,
    },
    /// The disk did not take the copy at its end; nothing else was written.
    #[error("cannot write the backup of the partition table at sector {sector}")]
    Backup {
        /// Where.
        sector: u64,
        /// Why.
        source: io::Error,
    },
    /// The protective MBR cannot be read or written. Both copies of the table are on the disk.
    #[error("cannot write the protective MBR in the disk's first sector")]
    Mbr(#[source] io::Error),
}

/// What became of a copy that was not as it should be.
#[derive(Debug)]
pub enum Repair {
    /// Both copies are whole.
    NotNeeded,
    /// It is whole now.
    Done,
    /// The backup stays as it is. The primary is whole, so the system runs; the next boot tries again.
    Failed(WriteError),
}

/// Puts `table` on a disk that has none, or whose own is given up, with a protective MBR. Boot code in the disk's first
/// 446 bytes stays.
///
/// # Errors
/// The disk did not take it.
pub fn create(store: &mut impl Store, table: &Table) -> Result<(), WriteError> {
    both_copies(store, table)?;
    let protective = mbr::protective(table.sectors);
    put(store, mbr::ENTRIES as u64, &protective).map_err(WriteError::Mbr)
}

/// As [`create`], with the table's first partitions in the MBR as well, under the types `kinds` (three at most): for firmware and
/// desktop systems that read no GPT.
///
/// # Errors
/// The disk did not take it.
pub fn create_hybrid(
    store: &mut impl Store,
    table: &Table,
    kinds: &[u8],
) -> Result<(), WriteError> {
    both_copies(store, table)?;
    let hybrid = mbr::hybrid(table, kinds);
    put(store, mbr::ENTRIES as u64, &hybrid).map_err(WriteError::Mbr)
}

/// Writes both copies over those of an older table, and the disk's length into the protective MBR. Both copies on the disk
/// must be whole, or the primary one: see [`repair`].
///
/// # Errors
/// The disk did not take it; one whole table is still there.
pub fn write(store: &mut impl Store, table: &Table) -> Result<(), WriteError> {
    both_copies(store, table)?;
    let mut first = [0; 512];
    store.read_at(0, &mut first).map_err(WriteError::Mbr)?;
    match mbr::fitted(first, table.sectors) {
        Some(fitted) => put(store, 0, &fitted).map_err(WriteError::Mbr),
        None => Ok(()),
    }
}

/// Makes a damaged copy, or a backup that differs from the primary, whole from the good one. The backup of an image that
/// was copied to a larger disk lies before that disk's end, and is left alone.
///
/// # Errors
/// Both copies are damaged, or the disk did not take the primary.
pub fn repair(
    store: &mut impl Store,
    copies: Copies,
    geometry: Geometry,
) -> Result<(Table, Repair), WriteError> {
    match (copies.primary, copies.backup) {
        (Ok(primary), backup) => {
            let spans_disk = primary.sectors == geometry.sectors;
            if !spans_disk || backup.as_ref() == Ok(&primary) {
                return Ok((primary, Repair::NotNeeded));
            }
            let repair = match put_backup(store, &primary) {
                Ok(()) => Repair::Done,
                Err(error) => Repair::Failed(error),
            };
            Ok((primary, repair))
        }
        (Err(_), Ok(backup)) => {
            put_primary(store, &backup)?;
            Ok((backup, Repair::Done))
        }
        (Err(primary), Err(backup)) => Err(ReadError { primary, backup }.into()),
    }
}

fn both_copies(store: &mut impl Store, table: &Table) -> Result<(), WriteError> {
    check(table).map_err(WriteError::Invalid)?;
    put_backup(store, table)?;
    put_primary(store, table)
}

fn put_backup(store: &mut impl Store, table: &Table) -> Result<(), WriteError> {
    let copy = encode::backup(table);
    let sector = copy.first;
    put_copy(store, table, &copy).map_err(|source| WriteError::Backup { sector, source })
}

fn put_primary(store: &mut impl Store, table: &Table) -> Result<(), WriteError> {
    let copy = encode::primary(table);
    let sector = copy.first;
    put_copy(store, table, &copy).map_err(|source| WriteError::Primary { sector, source })
}

fn put_copy(store: &mut impl Store, table: &Table, copy: &Encoded) -> io::Result<()> {
    put(store, copy.first * table.sector.bytes(), &copy.bytes)
}

/// Bytes, flushed, so that the order of the calls is the order on the disk.
fn put(store: &mut impl Store, offset: u64, bytes: &[u8]) -> io::Result<()> {
    store.write_at(offset, bytes)?;
    store.flush()
}
