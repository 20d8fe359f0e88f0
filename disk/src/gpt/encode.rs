//! Encoding one copy of a table.

use super::format::{ENTRY_SIZE, HEADER_SIZE, MAGIC, NAME_UNITS, PRIMARY, REVISION, entry, header};
use super::{Partition, Table};
use crate::bytes::put;

/// One copy: where it goes, and its bytes, which are whole sectors.
#[derive(Debug)]
pub(super) struct Encoded {
    /// First sector.
    pub(super) first: u64,
    /// Header and entries.
    pub(super) bytes: Vec<u8>,
}

/// The copy at the disk's beginning: header, then entries.
pub(super) fn primary(table: &Table) -> Encoded {
    let entries = entries(table);
    let mut bytes = header(table, &entries, PRIMARY, table.sectors - 1, PRIMARY + 1);
    bytes.extend(entries);
    Encoded {
        first: PRIMARY,
        bytes,
    }
}

/// The copy at the disk's end: entries, then header.
pub(super) fn backup(table: &Table) -> Encoded {
    let mut bytes = entries(table);
    let (first, last) = (table.last_usable() + 1, table.sectors - 1);
    let header = header(table, &bytes, last, PRIMARY, first);
    bytes.extend(header);
    Encoded { first, bytes }
}

/// All entries, padded to whole sectors.
fn entries(table: &Table) -> Vec<u8> {
    let mut out = vec![0; (table.entry_sectors() * table.sector.bytes()) as usize];
    for partition in &table.partitions {
        let start = (partition.number as usize - 1) * ENTRY_SIZE as usize;
        encode_entry(&mut out[start..start + ENTRY_SIZE as usize], partition);
    }
    out
}

fn encode_entry(out: &mut [u8], partition: &Partition) {
    put(out, entry::TYPE, &partition.type_guid.to_bytes_le());
    put(out, entry::GUID, &partition.guid.to_bytes_le());
    put(out, entry::FIRST, &partition.first_lba.to_le_bytes());
    put(out, entry::LAST, &partition.last_lba.to_le_bytes());
    put(out, entry::ATTRIBUTES, &partition.attributes.to_le_bytes());
    for (index, unit) in partition.name.encode_utf16().take(NAME_UNITS).enumerate() {
        put(out, entry::NAME + 2 * index, &unit.to_le_bytes());
    }
}

/// A header of one sector. Its checksums cover the entries without their padding, and its own first 92 bytes.
fn header(table: &Table, entries: &[u8], my: u64, other: u64, entries_lba: u64) -> Vec<u8> {
    let mut out = vec![0; table.sector.bytes() as usize];
    let used = &entries[..(table.entries * ENTRY_SIZE) as usize];
    put(&mut out, 0, MAGIC);
    put(&mut out, header::REVISION, &REVISION.to_le_bytes());
    put(&mut out, header::SIZE, &HEADER_SIZE.to_le_bytes());
    for (at, value) in [
        (header::MY_LBA, my),
        (header::OTHER_LBA, other),
        (header::FIRST_USABLE, table.first_usable),
        (header::LAST_USABLE, table.last_usable()),
        (header::ENTRIES_LBA, entries_lba),
    ] {
        put(&mut out, at, &value.to_le_bytes());
    }
    put(&mut out, header::DISK_GUID, &table.disk_guid.to_bytes_le());
    put(&mut out, header::ENTRY_COUNT, &table.entries.to_le_bytes());
    put(&mut out, header::ENTRY_SIZE, &ENTRY_SIZE.to_le_bytes());
    put(
        &mut out,
        header::ENTRIES_CRC,
        &crc32fast::hash(used).to_le_bytes(),
    );
    let crc = crc32fast::hash(&out[..HEADER_SIZE as usize]);
    put(&mut out, header::CRC, &crc.to_le_bytes());
    out
}
