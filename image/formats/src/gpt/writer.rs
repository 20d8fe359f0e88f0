//! Encoding a table onto a disk.

use std::io::{self, Seek, SeekFrom, Write};

use super::format::{
    ENTRIES, ENTRY_SECTORS, ENTRY_SIZE, HEADER_SIZE, MAGIC, NAME_UNITS, REVISION, entry, header,
};
use super::{Partition, SECTOR, Table};
use crate::bytes::put;

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A part of the table did not reach the disk.
    #[error("cannot write the {what} of the partition table at byte {offset}")]
    Io {
        /// Which structure.
        what: &'static str,
        /// Where it should go.
        offset: u64,
        /// What the disk said.
        source: io::Error,
    },
}

/// Writes both copies of `table` and the protective MBR.
///
/// Boot code in the first 446 bytes of the disk stays. Flushes between the copies; durability
/// beyond `flush` (fsync) is the caller's.
///
/// # Errors
/// When the disk refuses a write.
pub fn write<D: Write + Seek>(disk: &mut D, table: &Table) -> Result<(), WriteError> {
    let entries = encode_entries(&table.partitions);
    let backup_lba = table.sectors - 1;
    let backup_entries = backup_lba - ENTRY_SECTORS;
    let backup = encode_header(table, &entries, backup_lba, 1, backup_entries);
    let primary = encode_header(table, &entries, 1, backup_lba, 2);

    put_at(disk, "backup entries", backup_entries * SECTOR, &entries)?;
    put_at(disk, "backup header", backup_lba * SECTOR, &padded(&backup))?;
    put_at(disk, "entries", 2 * SECTOR, &entries)?;
    put_at(disk, "header", SECTOR, &padded(&primary))?;
    put_at(
        disk,
        "protective MBR",
        MBR_TABLE,
        &protective_mbr(table.sectors),
    )
}

/// Where the four entries of an MBR begin.
const MBR_TABLE: u64 = 446;

/// One structure, flushed, so that the order of the calls is the order on the disk.
fn put_at<D: Write + Seek>(
    disk: &mut D,
    what: &'static str,
    offset: u64,
    bytes: &[u8],
) -> Result<(), WriteError> {
    disk.seek(SeekFrom::Start(offset))
        .and_then(|_| disk.write_all(bytes))
        .and_then(|()| disk.flush())
        .map_err(|source| WriteError::Io {
            what,
            offset,
            source,
        })
}

fn padded(header: &[u8]) -> Vec<u8> {
    let mut sector = vec![0; SECTOR as usize];
    put(&mut sector, 0, header);
    sector
}

fn encode_entries(partitions: &[Partition]) -> Vec<u8> {
    let mut out = vec![0; (ENTRIES * ENTRY_SIZE) as usize];
    for p in partitions {
        let start = (p.number - 1) as usize * ENTRY_SIZE as usize;
        let e = &mut out[start..start + ENTRY_SIZE as usize];
        put(e, entry::TYPE, &p.type_guid.to_bytes_le());
        put(e, entry::GUID, &p.guid.to_bytes_le());
        put(e, entry::FIRST, &p.first_lba.to_le_bytes());
        put(e, entry::LAST, &p.last_lba.to_le_bytes());
        put(e, entry::ATTRIBUTES, &p.attributes.to_le_bytes());
        for (index, unit) in p.name.encode_utf16().take(NAME_UNITS).enumerate() {
            put(e, entry::NAME + 2 * index, &unit.to_le_bytes());
        }
    }
    out
}

fn encode_header(table: &Table, entries: &[u8], my: u64, other: u64, entries_lba: u64) -> Vec<u8> {
    let mut out = vec![0; HEADER_SIZE as usize];
    put(&mut out, 0, MAGIC);
    put(&mut out, header::REVISION, &REVISION.to_le_bytes());
    put(&mut out, header::SIZE, &HEADER_SIZE.to_le_bytes());
    put(&mut out, header::MY_LBA, &my.to_le_bytes());
    put(&mut out, header::OTHER_LBA, &other.to_le_bytes());
    put(
        &mut out,
        header::FIRST_USABLE,
        &table.first_usable.to_le_bytes(),
    );
    put(
        &mut out,
        header::LAST_USABLE,
        &table.last_usable.to_le_bytes(),
    );
    put(&mut out, header::DISK_GUID, &table.disk_guid.to_bytes_le());
    put(&mut out, header::ENTRIES_LBA, &entries_lba.to_le_bytes());
    put(&mut out, header::ENTRY_COUNT, &ENTRIES.to_le_bytes());
    put(&mut out, header::ENTRY_SIZE, &ENTRY_SIZE.to_le_bytes());
    put(
        &mut out,
        header::ENTRIES_CRC,
        &crc32fast::hash(entries).to_le_bytes(),
    );
    let crc = crc32fast::hash(&out);
    put(&mut out, header::CRC, &crc.to_le_bytes());
    out
}

/// One entry of type 0xee over the whole disk, three empty ones, the signature.
fn protective_mbr(sectors: u64) -> [u8; 66] {
    let mut out = [0; 66];
    put(&mut out, 1, &[0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff]);
    put(&mut out, 8, &1_u32.to_le_bytes());
    put(
        &mut out,
        12,
        &u32::try_from(sectors - 1).unwrap_or(u32::MAX).to_le_bytes(),
    );
    put(&mut out, 64, &[0x55, 0xaa]);
    out
}
