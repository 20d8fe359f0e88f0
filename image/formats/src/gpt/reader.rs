//! Decoding a table from a disk that may hold anything.

use std::io::{self, Read, Seek, SeekFrom};

use uuid::Uuid;

use super::format::{
    ENTRY_SIZE, HEADER_SIZE, MAGIC, MAX_ENTRIES, NAME_UNITS, REVISION, entry, header,
};
use super::{Partition, SECTOR, Table};
use crate::bytes::{array, u16_at, u32_at, u64_at};

/// What is wrong with one copy of a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// No header where one should be.
    #[error("no GPT signature")]
    Signature,
    /// A version nobody has defined.
    #[error("unknown revision {0:#x}")]
    Revision(u32),
    /// A header, entry or table size out of the standard's range.
    #[error("{field} is {value}, which no table has")]
    Size {
        /// Name of the field.
        field: &'static str,
        /// What it says.
        value: u64,
    },
    /// The header does not match its checksum.
    #[error("header checksum is wrong")]
    HeaderChecksum,
    /// The entries do not match their checksum.
    #[error("checksum of the entries is wrong")]
    EntriesChecksum,
    /// The header says it stands somewhere else.
    #[error("header says it is at sector {says}, it was found at {found}")]
    Place {
        /// Sector in the header.
        says: u64,
        /// Sector it was read from.
        found: u64,
    },
    /// A partition with no room, or outside of the usable sectors.
    #[error(
        "partition {number} spans sectors {first}-{last}, outside of {first_usable}-{last_usable}"
    )]
    Span {
        /// Number of the entry.
        number: u32,
        /// Its first sector.
        first: u64,
        /// Its last sector.
        last: u64,
        /// First sector it could have.
        first_usable: u64,
        /// Last sector it could have.
        last_usable: u64,
    },
    /// Two partitions share sectors.
    #[error("partitions {0} and {1} overlap")]
    Overlap(u32, u32),
    /// The disk ended or failed.
    #[error("cannot read it: {0}")]
    Unreadable(String),
}

/// Why no table could be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The disk's length cannot be had.
    #[error("cannot find the disk's length")]
    Length(#[source] io::Error),
    /// Neither copy is whole.
    #[error("no usable partition table; at the start: {primary}; at the end: {backup}")]
    None {
        /// What is wrong with the copy at the start.
        primary: Damage,
        /// What is wrong with the copy at the end.
        backup: Damage,
    },
}

/// A table that was read, and the state of its two copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The table; of the primary copy if that is whole.
    pub table: Table,
    /// What is wrong with the primary copy.
    pub primary: Option<Damage>,
    /// What is wrong with the backup copy, looked for where the primary says, else at the end.
    pub backup: Option<Damage>,
}

/// Reads the table of `disk`, whose sectors are [`SECTOR`] bytes.
///
/// # Errors
/// When neither copy is whole; the damage of both is in the error.
pub fn read<D: Read + Seek>(disk: &mut D) -> Result<Found, ReadError> {
    let length = disk.seek(SeekFrom::End(0)).map_err(ReadError::Length)?;
    let sectors = length / SECTOR;
    let primary = read_copy(disk, 1, sectors);
    let backup_lba = primary
        .as_ref()
        .map_or_else(|_| sectors.saturating_sub(1), |(_, other)| *other);
    let backup = read_copy(disk, backup_lba, sectors);
    match (primary, backup) {
        (Ok((table, _)), backup) => Ok(Found {
            table,
            primary: None,
            backup: backup.err(),
        }),
        (Err(damage), Ok((table, _))) => Ok(Found {
            table,
            primary: Some(damage),
            backup: None,
        }),
        (Err(primary), Err(backup)) => Err(ReadError::None { primary, backup }),
    }
}

/// One copy, and the sector where it says the other one is.
fn read_copy<D: Read + Seek>(disk: &mut D, lba: u64, sectors: u64) -> Result<(Table, u64), Damage> {
    let head = read_at(disk, lba, SECTOR as usize)?;
    check_header(&head, lba)?;
    let count = u32_at(&head, header::ENTRY_COUNT);
    let entries = read_at(
        disk,
        u64_at(&head, header::ENTRIES_LBA),
        (count * ENTRY_SIZE) as usize,
    )?;
    if crc32fast::hash(&entries) != u32_at(&head, header::ENTRIES_CRC) {
        return Err(Damage::EntriesChecksum);
    }
    let other = u64_at(&head, header::OTHER_LBA);
    let table = Table {
        disk_guid: Uuid::from_bytes_le(array(&head, header::DISK_GUID)),
        sectors: lba.max(other).saturating_add(1).min(sectors),
        first_usable: u64_at(&head, header::FIRST_USABLE),
        last_usable: u64_at(&head, header::LAST_USABLE),
        partitions: decode_entries(&entries),
    };
    check_partitions(&table)?;
    Ok((table, other))
}

fn read_at<D: Read + Seek>(disk: &mut D, lba: u64, length: usize) -> Result<Vec<u8>, Damage> {
    let offset = lba.checked_mul(SECTOR).ok_or(Damage::Size {
        field: "a sector number",
        value: lba,
    })?;
    let mut bytes = vec![0; length];
    disk.seek(SeekFrom::Start(offset))
        .and_then(|_| disk.read_exact(&mut bytes))
        .map_err(|error| Damage::Unreadable(error.to_string()))?;
    Ok(bytes)
}

fn check_header(head: &[u8], lba: u64) -> Result<(), Damage> {
    if &head[..8] != MAGIC {
        return Err(Damage::Signature);
    }
    let revision = u32_at(head, header::REVISION);
    if revision != REVISION {
        return Err(Damage::Revision(revision));
    }
    let size = u32_at(head, header::SIZE);
    if size < HEADER_SIZE || u64::from(size) > SECTOR {
        return Err(Damage::Size {
            field: "header size",
            value: size.into(),
        });
    }
    let mut zeroed = head[..size as usize].to_vec();
    zeroed[header::CRC..header::CRC + 4].fill(0);
    if crc32fast::hash(&zeroed) != u32_at(head, header::CRC) {
        return Err(Damage::HeaderChecksum);
    }
    let says = u64_at(head, header::MY_LBA);
    if says != lba {
        return Err(Damage::Place { says, found: lba });
    }
    let entry_size = u32_at(head, header::ENTRY_SIZE);
    if entry_size != ENTRY_SIZE {
        return Err(Damage::Size {
            field: "entry size",
            value: entry_size.into(),
        });
    }
    let count = u32_at(head, header::ENTRY_COUNT);
    if count == 0 || count > MAX_ENTRIES {
        return Err(Damage::Size {
            field: "number of entries",
            value: count.into(),
        });
    }
    Ok(())
}

fn decode_entries(entries: &[u8]) -> Vec<Partition> {
    (1..)
        .zip(entries.chunks_exact(ENTRY_SIZE as usize))
        .filter(|(_, e)| e[entry::TYPE..entry::GUID].iter().any(|byte| *byte != 0))
        .map(|(number, e)| Partition {
            number,
            name: decode_name(&e[entry::NAME..]),
            type_guid: Uuid::from_bytes_le(array(e, entry::TYPE)),
            guid: Uuid::from_bytes_le(array(e, entry::GUID)),
            first_lba: u64_at(e, entry::FIRST),
            last_lba: u64_at(e, entry::LAST),
            attributes: u64_at(e, entry::ATTRIBUTES),
        })
        .collect()
}

fn decode_name(field: &[u8]) -> String {
    let units = (0..NAME_UNITS)
        .map(|index| u16_at(field, 2 * index))
        .take_while(|unit| *unit != 0);
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn check_partitions(table: &Table) -> Result<(), Damage> {
    if table.last_usable >= table.sectors {
        return Err(Damage::Size {
            field: "last usable sector",
            value: table.last_usable,
        });
    }
    for p in &table.partitions {
        if p.first_lba > p.last_lba
            || p.first_lba < table.first_usable
            || p.last_lba > table.last_usable
        {
            return Err(Damage::Span {
                number: p.number,
                first: p.first_lba,
                last: p.last_lba,
                first_usable: table.first_usable,
                last_usable: table.last_usable,
            });
        }
    }
    let mut by_place: Vec<&Partition> = table.partitions.iter().collect();
    by_place.sort_by_key(|p| p.first_lba);
    match by_place
        .windows(2)
        .find(|pair| pair[0].last_lba >= pair[1].first_lba)
    {
        Some(pair) => Err(Damage::Overlap(pair[0].number, pair[1].number)),
        None => Ok(()),
    }
}
