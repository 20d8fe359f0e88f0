//! Decoding one copy of a table from a disk that may hold anything.

use uuid::Uuid;

use super::format::{
    ENTRY_SIZE, HEADER_SIZE, MAGIC, MAX_ENTRIES, NAME_UNITS, REVISION, entry, header,
};
use super::table::entry_sectors;
use super::{Partition, Table};
use crate::bytes::{array, u16_at, u32_at, u64_at};
use crate::{Geometry, Sector, Store};

/// What is wrong with one copy of a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// No header where one should be.
    #[error("no GPT signature")]
    Signature,
    /// A header where it stands on disks with other sectors: an image was copied onto a disk that it was not made for.
    #[error("the table was made for sectors of {table} bytes, this disk has sectors of {disk}")]
    OtherSector {
        /// Sectors of the table.
        table: u64,
        /// Sectors of the disk.
        disk: u64,
    },
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
    /// The table is for a larger disk.
    #[error("it is made for a disk of {sectors} sectors, this one has {available}")]
    Disk {
        /// Length that the table asks for.
        sectors: u64,
        /// Length of the disk.
        available: u64,
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

/// The copy whose header is at sector `lba`, and the sector where it says the other one is.
pub(super) fn decode(
    store: &impl Store,
    geometry: Geometry,
    lba: u64,
) -> Result<(Table, u64), Damage> {
    let sector = geometry.sector;
    let head = read_at(store, sector, lba, sector.bytes() as usize)?;
    if &head[..8] != MAGIC {
        return Err(signature(store, sector, lba));
    }
    check_header(&head, lba)?;
    let count = u32_at(&head, header::ENTRY_COUNT);
    let entries_lba = u64_at(&head, header::ENTRIES_LBA);
    let entries = read_at(store, sector, entries_lba, (count * ENTRY_SIZE) as usize)?;
    if crc32fast::hash(&entries) != u32_at(&head, header::ENTRIES_CRC) {
        return Err(Damage::EntriesChecksum);
    }
    let other = u64_at(&head, header::OTHER_LBA);
    let end = if lba == 1 { other } else { lba };
    let table = Table {
        sector,
        disk_guid: Uuid::from_bytes_le(array(&head, header::DISK_GUID)),
        sectors: end.saturating_add(1),
        first_usable: u64_at(&head, header::FIRST_USABLE),
        entries: count,
        partitions: decode_entries(&entries),
    };
    if table.sectors > geometry.sectors {
        return Err(Damage::Disk {
            sectors: table.sectors,
            available: geometry.sectors,
        });
    }
    check(&table)?;
    Ok((table, other))
}

/// What no signature means.
fn signature(store: &impl Store, sector: Sector, lba: u64) -> Damage {
    let other = match sector {
        Sector::Bytes512 => Sector::Bytes4096,
        Sector::Bytes4096 => Sector::Bytes512,
    };
    match read_at(store, other, 1, MAGIC.len()) {
        Ok(bytes) if lba == 1 && bytes == MAGIC => Damage::OtherSector {
            table: other.bytes(),
            disk: sector.bytes(),
        },
        _ => Damage::Signature,
    }
}

fn read_at(store: &impl Store, sector: Sector, lba: u64, length: usize) -> Result<Vec<u8>, Damage> {
    let offset = lba.checked_mul(sector.bytes()).ok_or(Damage::Size {
        field: "a sector number",
        value: lba,
    })?;
    let mut bytes = vec![0; length];
    store
        .read_at(offset, &mut bytes)
        .map_err(|error| Damage::Unreadable(error.to_string()))?;
    Ok(bytes)
}

fn check_header(head: &[u8], lba: u64) -> Result<(), Damage> {
    let revision = u32_at(head, header::REVISION);
    if revision != REVISION {
        return Err(Damage::Revision(revision));
    }
    let size = u32_at(head, header::SIZE);
    if size < HEADER_SIZE || size as usize > head.len() {
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

/// What is wrong with a table, wherever it comes from.
pub(super) fn check(table: &Table) -> Result<(), Damage> {
    let own = entry_sectors(table.entries, table.sector);
    // MBR, two headers and two arrays, with at least one sector between them.
    if table.sectors < 2 * own + 4 {
        return Err(Damage::Size {
            field: "number of the disk's sectors",
            value: table.sectors,
        });
    }
    if table.first_usable < 2 + own {
        return Err(Damage::Size {
            field: "first usable sector",
            value: table.first_usable,
        });
    }
    let last_usable = table.last_usable();
    let mut before = 0;
    for p in &table.partitions {
        if p.number <= before || p.number > table.entries {
            return Err(Damage::Size {
                field: "a partition's number",
                value: p.number.into(),
            });
        }
        before = p.number;
        if p.first_lba > p.last_lba || p.first_lba < table.first_usable || p.last_lba > last_usable
        {
            return Err(Damage::Span {
                number: p.number,
                first: p.first_lba,
                last: p.last_lba,
                first_usable: table.first_usable,
                last_usable,
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
