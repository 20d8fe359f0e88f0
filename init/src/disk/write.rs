//! Writing a table so that a power cut at any moment leaves a whole one.

use super::{Copies, Store, Table, TableError};
use std::io;
use thiserror::Error;

/// A table could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// It cannot be encoded.
    #[error(transparent)]
    Encode(#[from] TableError),
    /// The disk did not take it.
    #[error("cannot write the partition table at sector {sector}")]
    Write {
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
    /// The protective MBR cannot be read.
    #[error("cannot read the disk's first sector")]
    Read {
        /// Why.
        source: io::Error,
    },
}

/// What became of a copy that was not as it should be.
#[derive(Debug)]
pub enum Mending {
    /// Both copies are whole.
    NotNeeded,
    /// It is whole now.
    Done,
    /// The backup stays as it is. The primary is whole, so the system runs; the next boot tries again.
    Failed(WriteError),
}

/// Writes both copies and the protective MBR's size. Both copies on disk must be whole, or the primary one: see [`mend`].
///
/// # Errors
/// The disk did not take it; one whole table is still there.
pub fn write(store: &mut impl Store, table: &Table) -> Result<(), WriteError> {
    let (backup, primary) = (table.backup()?, table.primary()?);
    put_backup(store, table.sector, &backup)?;
    put(store, table.sector, &primary)?;
    fit_protective_mbr(store, table)
}

/// Makes a damaged copy, or a backup that differs from the primary, whole from the good one. A flashed image's backup lies
/// before the end of the disk, of `sectors` sectors, and is left alone.
///
/// # Errors
/// Both copies are damaged, or the disk did not take the primary.
pub fn mend(
    store: &mut impl Store,
    copies: Copies,
    sectors: u64,
) -> Result<(Table, Mending), WriteError> {
    match (copies.primary, copies.backup) {
        (Ok(primary), backup) => {
            let spans_disk = primary.last + 1 == sectors;
            if !spans_disk || backup.ok().as_ref() == Some(&primary) {
                return Ok((primary, Mending::NotNeeded));
            }
            let mending = match put_backup(store, primary.sector, &primary.backup()?) {
                Ok(()) => Mending::Done,
                Err(error) => Mending::Failed(error),
            };
            Ok((primary, mending))
        }
        (Err(_), Ok(backup)) => {
            put(store, backup.sector, &backup.primary()?)?;
            Ok((backup, Mending::Done))
        }
        (Err(error), Err(_)) => Err(error.into()),
    }
}

fn put_backup(
    store: &mut impl Store,
    sector: u64,
    copy: &(u64, Vec<u8>),
) -> Result<(), WriteError> {
    put(store, sector, copy).map_err(|error| match error {
        WriteError::Write { sector, source } => WriteError::Backup { sector, source },
        other => other,
    })
}

fn put(
    store: &mut impl Store,
    sector: u64,
    (first, bytes): &(u64, Vec<u8>),
) -> Result<(), WriteError> {
    let failure = |source| WriteError::Write {
        sector: *first,
        source,
    };
    store.write_at(first * sector, bytes).map_err(failure)?;
    store.flush().map_err(failure)
}

/// The protective MBR names the disk's size. A hybrid one is left as the image has it.
fn fit_protective_mbr(store: &mut impl Store, table: &Table) -> Result<(), WriteError> {
    let mut sector = [0; 512];
    store
        .read_at(0, &mut sector)
        .map_err(|source| WriteError::Read { source })?;
    match with_size(sector, table.last) {
        Some(fitted) => put(store, 512, &(0, fitted.to_vec())),
        None => Ok(()),
    }
}

/// The sector with the right size in its only entry; none if nothing is to change.
fn with_size(mut sector: [u8; 512], sectors: u64) -> Option<[u8; 512]> {
    let entries = &sector[446..510];
    let protective = entries[4] == 0xee
        && entries[8..12] == [1, 0, 0, 0]
        && entries[16..].iter().all(|b| *b == 0);
    let size = u32::try_from(sectors).unwrap_or(u32::MAX).to_le_bytes();
    if !protective || sector[510..] != [0x55, 0xaa] || sector[458..462] == size {
        return None;
    }
    sector[458..462].copy_from_slice(&size);
    Some(sector)
}
