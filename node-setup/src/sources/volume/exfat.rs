//! exFAT, which large sticks are sold with: what its boot sector and the first cluster of its root directory say.
//!
//! After Microsoft's exFAT file system specification, sections 3.1 (main boot sector) and 7.3 (volume label directory entry).

use super::fields::{ENTRY, Kind, Volume, number, shown};
use std::ops::Range;

/// The name in the boot sector.
const NAME: &[u8] = b"EXFAT   ";
/// The largest cluster that the specification allows, and so the most that is read of a root directory.
const LARGEST_CLUSTER: u64 = 32 << 20;
/// Of a root directory as much is read as mkfs and Windows need to put the label in, which is its first entry with them.
const READ_AT_MOST: u64 = 64 << 10;

/// By the boot sector alone, which has no label.
pub(super) fn volume(head: &[u8]) -> Option<Volume> {
    const VOLUME_DIRTY: u64 = 2;
    if head.get(3..11)? != NAME || head.get(510..512)? != [0x55, 0xaa] {
        return None;
    }
    Some(Volume {
        kind: Kind::ExFat,
        label: String::new(),
        dirty: number(head, 106..108)? & VOLUME_DIRTY != 0,
    })
}

/// Where the root directory begins, in bytes. `None` for a boot sector that makes no sense.
pub(super) fn root_directory(head: &[u8]) -> Option<Range<u64>> {
    let (sector, per_cluster) = (number(head, 108..109)?, number(head, 109..110)?);
    if !(9..=12).contains(&sector) || sector + per_cluster > LARGEST_CLUSTER.trailing_zeros().into()
    {
        return None;
    }
    // Clusters are counted from 2.
    let before = number(head, 96..100)?.checked_sub(2)?;
    let cluster = 1u64 << (sector + per_cluster);
    let start = (number(head, 88..92)? << sector) + before * cluster;
    Some(start..start + cluster.min(READ_AT_MOST))
}

/// The label in a root directory: its length in characters, and those in UTF-16. An entry's first byte is its kind, and 0 behind
/// the last one.
pub(super) fn directory_label(directory: &[u8]) -> Option<String> {
    const LABEL: u8 = 0x83;
    const LONGEST: usize = 11;
    let (entries, _) = directory.as_chunks::<ENTRY>();
    let entry = entries
        .iter()
        .take_while(|entry| entry[0] != 0)
        .find(|entry| entry[0] == LABEL)?;
    let (units, _) = entry[2..].as_chunks::<2>();
    let units = units
        .iter()
        .take(usize::from(entry[1]).min(LONGEST))
        .map(|unit| u16::from_le_bytes(*unit));
    let label: String = char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Some(shown(&label))
}
