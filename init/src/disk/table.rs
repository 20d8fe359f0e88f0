//! Both copies of a GUID partition table, read and written through the gptman crate's header and entries.

use super::window::Window;
use super::{Guid, Store};
use gptman::{GPTHeader, GPTPartitionEntry};
use std::io::{self, Cursor};
use thiserror::Error;

/// More entries than any table has; guards against one that asks for gigabytes.
const MOST_ENTRIES: u32 = 1024;

/// A copy of the table cannot be used.
#[derive(Debug, Error)]
pub enum TableError {
    /// The disk cannot be read there.
    #[error("cannot read the table at sector {sector}")]
    Read {
        /// Where.
        sector: u64,
        /// Why.
        source: io::Error,
    },
    /// No table, or a damaged one.
    #[error("no whole partition table at sector {sector}")]
    Damaged {
        /// Where.
        sector: u64,
        /// Why.
        source: gptman::Error,
    },
    /// A whole table of a form that nobody writes.
    #[error("the partition table at sector {sector} has {what}")]
    Form {
        /// Where.
        sector: u64,
        /// What is odd.
        what: &'static str,
    },
    /// The table cannot be turned into bytes.
    #[error("cannot encode the partition table")]
    Encode {
        /// Why.
        source: gptman::Error,
    },
}

/// A disk's partition table without the places of its two copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Bytes in a sector.
    pub sector: u64,
    /// The disk's GUID.
    pub disk: Guid,
    /// First sector that a partition may have.
    pub first_usable: u64,
    /// The last sector of the disk as this table knows it: where its backup lies.
    pub last: u64,
    /// All entries, unused ones too; a partition's number is its index plus one.
    pub entries: Vec<GPTPartitionEntry>,
}

/// What was found of the two copies.
#[derive(Debug)]
pub struct Copies {
    /// At the disk's beginning.
    pub primary: Result<Table, TableError>,
    /// At the disk's end.
    pub backup: Result<Table, TableError>,
}

/// Reads both copies from a disk of `sectors` sectors of `sector` bytes.
pub fn read(store: &impl Store, sector: u64, sectors: u64) -> Copies {
    let last = sectors.saturating_sub(1);
    let copy = |at| read_copy(store, sector, at, last);
    Copies {
        primary: copy(1),
        backup: copy(last),
    }
}

/// The table that counts: the primary, or the backup if the primary is damaged. Only then is the backup read.
///
/// # Errors
/// Both are damaged; the primary's error.
pub(super) fn current(store: &impl Store, sector: u64, sectors: u64) -> Result<Table, TableError> {
    let last = sectors.saturating_sub(1);
    read_copy(store, sector, 1, last)
        .or_else(|error| read_copy(store, sector, last, last).map_err(|_| error))
}

impl Copies {
    /// The table that counts: the primary, or the backup if the primary is damaged.
    ///
    /// # Errors
    /// Both are damaged; the primary's error.
    pub fn current(self) -> Result<Table, TableError> {
        match (self.primary, self.backup) {
            (Ok(table), _) | (Err(_), Ok(table)) => Ok(table),
            (Err(error), Err(_)) => Err(error),
        }
    }
}

fn read_copy(store: &impl Store, sector: u64, at: u64, last: u64) -> Result<Table, TableError> {
    let read = |start: u64, length: usize| -> Result<Vec<u8>, TableError> {
        let mut bytes = vec![0; length];
        let failure = |source| TableError::Read {
            sector: start,
            source,
        };
        let offset = start
            .checked_mul(sector)
            .ok_or(io::ErrorKind::InvalidInput.into());
        offset
            .and_then(|offset| store.read_at(offset, &mut bytes))
            .map_err(failure)?;
        Ok(bytes)
    };
    let damaged = |source| TableError::Damaged { sector: at, source };
    let form = |what| TableError::Form { sector: at, what };
    let header = GPTHeader::read_from(&mut Cursor::new(read(at, 512)?)).map_err(damaged)?;
    if header.size_of_partition_entry != 128 || header.number_of_partition_entries > MOST_ENTRIES {
        return Err(form("entries of an unusual size or number"));
    }
    if header.primary_lba != at {
        return Err(form("a header that belongs elsewhere"));
    }
    let mut array = read(
        header.partition_entry_lba,
        header.number_of_partition_entries as usize * 128,
    )?;
    // gptman reads somewhat past each entry, also past the last one.
    array.resize(array.len() + 512, 0);
    // The entries are read from a copy that begins where they do.
    let mut local = header.clone();
    local.partition_entry_lba = 0;
    let entries = local
        .read_partitions(&mut Cursor::new(array), sector)
        .map_err(damaged)?;
    let table = Table {
        sector,
        disk: Guid(header.disk_guid),
        first_usable: header.first_usable_lba,
        last: if at == 1 { header.backup_lba } else { at },
        entries,
    };
    table.check(last).map_err(form)?;
    Ok(table)
}

impl Table {
    /// The last sector that a partition may have.
    pub fn last_usable(&self) -> u64 {
        self.last.saturating_sub(self.array_sectors() + 1)
    }

    /// Partitions in use as `(number, entry)`.
    pub fn partitions(&self) -> impl Iterator<Item = (u32, &GPTPartitionEntry)> {
        (1..)
            .zip(&self.entries)
            .filter(|(_, entry)| entry.is_used())
    }

    /// The copy at the disk's beginning: its first sector and its bytes.
    ///
    /// # Errors
    /// The table cannot be encoded.
    pub fn primary(&self) -> Result<(u64, Vec<u8>), TableError> {
        self.encode(1, self.header(1, self.last, 2))
    }

    /// The copy at the disk's end: its first sector and its bytes.
    ///
    /// # Errors
    /// The table cannot be encoded.
    pub fn backup(&self) -> Result<(u64, Vec<u8>), TableError> {
        let array = self.last - self.array_sectors();
        self.encode(array, self.header(self.last, 1, array))
    }

    fn array_sectors(&self) -> u64 {
        (self.entries.len() as u64 * 128).div_ceil(self.sector)
    }

    fn header(&self, own: u64, other: u64, array: u64) -> GPTHeader {
        GPTHeader {
            signature: *b"EFI PART",
            revision: [0, 0, 1, 0],
            header_size: 92,
            crc32_checksum: 0,
            reserved: [0; 4],
            primary_lba: own,
            backup_lba: other,
            first_usable_lba: self.first_usable,
            last_usable_lba: self.last_usable(),
            disk_guid: self.disk.0,
            partition_entry_lba: array,
            number_of_partition_entries: self.entries.len() as u32,
            size_of_partition_entry: 128,
            partition_entry_array_crc32: 0,
        }
    }

    fn encode(&self, first: u64, mut header: GPTHeader) -> Result<(u64, Vec<u8>), TableError> {
        let length = (self.array_sectors() + 1) * self.sector;
        let mut window = Window::new(first * self.sector, length as usize);
        header
            .write_into(&mut window, self.sector, &self.entries)
            .map_err(|source| TableError::Encode { source })?;
        Ok((first, window.into_bytes()))
    }

    /// What is odd about it on a disk with this last sector.
    fn check(&self, last: u64) -> Result<(), &'static str> {
        if self.last > last || self.last < 2 * self.array_sectors() + 4 {
            return Err("its backup beyond the disk's end");
        }
        if self.first_usable < 2 + self.array_sectors() {
            return Err("partitions where the table itself lies");
        }
        let mut ranges: Vec<_> = self
            .partitions()
            .map(|(_, e)| (e.starting_lba, e.ending_lba))
            .collect();
        ranges.sort_unstable();
        let mut free = self.first_usable;
        for (start, end) in ranges {
            if start < free || end < start || end > self.last_usable() {
                return Err("partitions that overlap or lie outside the disk");
            }
            free = end + 1;
        }
        Ok(())
    }
}
