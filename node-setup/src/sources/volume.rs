//! What the first bytes of a volume say: its kind, its label, whether it was unmounted cleanly. FAT keeps its label in
//! two places, and the root directory's is the one that every system writes.

mod exfat;
mod fields;
#[cfg(test)]
mod tests;

pub use fields::{Kind, Volume};

use fields::{ENTRY, number, text};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// How much of a volume's beginning is looked at.
const HEAD: u64 = 2048;

/// What tells a volume from others in this boot: a digest of its beginning, which has its serial number.
///
/// # Errors
/// When the device cannot be read.
pub(super) fn fingerprint(device: &Path) -> io::Result<String> {
    let head = piece(&mut File::open(device)?, 0..HEAD)?;
    Ok(host::digest::of_bytes(head)[..16].to_owned())
}

/// Reads and identifies a volume; `None` when it is no file system we know.
///
/// # Errors
/// When the device cannot be read.
pub(crate) fn read(device: &Path) -> io::Result<Option<Volume>> {
    identify(File::open(device)?)
}

/// Identifies the volume that fills `disk`; `None` when it is no file system we know.
///
/// # Errors
/// When it cannot be read.
pub fn identify(mut disk: impl Read + Seek) -> io::Result<Option<Volume>> {
    let head = piece(&mut disk, 0..HEAD)?;
    let found = ext(&head).or_else(|| exfat::volume(&head));
    let Some(mut volume) = found.or_else(|| fat(&head)) else {
        return Ok(None);
    };
    let place = match volume.kind {
        Kind::Ext => None,
        Kind::Fat => root_directory(&head),
        Kind::ExFat => exfat::root_directory(&head),
    };
    if let Some(place) = place {
        // A directory behind the disk's end has no label either; mounting says what is wrong with it.
        let directory = piece(&mut disk, place).unwrap_or_default();
        let label = match volume.kind {
            Kind::ExFat => exfat::directory_label(&directory),
            Kind::Ext | Kind::Fat => directory_label(&directory),
        };
        if let Some(label) = label {
            volume.label = label;
        }
    }
    Ok(Some(volume))
}

/// The bytes at this place, as far as there are any.
fn piece(disk: &mut (impl Read + Seek), place: Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    disk.seek(SeekFrom::Start(place.start))?;
    disk.take(place.end - place.start).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn ext(head: &[u8]) -> Option<Volume> {
    let superblock = head.get(1024..)?;
    if superblock.get(0x38..0x3a)? != [0x53, 0xef] {
        return None;
    }
    Some(Volume {
        kind: Kind::Ext,
        label: text(superblock.get(0x78..0x88)?),
        dirty: false,
    })
}

/// By the boot sector alone.
fn fat(head: &[u8]) -> Option<Volume> {
    if head.get(510..512)? != [0x55, 0xaa] {
        return None;
    }
    let (name, state, label) = if is_fat32(head)? {
        (82..90, 0x41, 71..82)
    } else {
        (54..62, 0x25, 43..54)
    };
    if !head.get(name)?.starts_with(b"FAT") {
        return None;
    }
    Some(Volume {
        kind: Kind::Fat,
        label: text(head.get(label)?),
        dirty: head.get(state)? & 1 != 0,
    })
}

/// FAT32 has no 16-bit FAT size; its extended boot record sits 28 bytes further on.
fn is_fat32(head: &[u8]) -> Option<bool> {
    Some(number(head, 22..24)? == 0)
}

/// Where the root directory lies, in bytes: of FAT12 and FAT16 all of it, of FAT32 its first cluster, which is enough
/// for a label. `None` for a boot sector that makes no sense.
///
/// Even with every field at its largest nothing overflows, and the place is no longer than 2 MiB.
fn root_directory(head: &[u8]) -> Option<Range<u64>> {
    let sector = number(head, 11..13)?;
    let per_cluster = number(head, 13..14)?;
    if !matches!(sector, 512 | 1024 | 2048 | 4096) || !per_cluster.is_power_of_two() {
        return None;
    }
    let fat32 = is_fat32(head)?;
    let reserved = number(head, 14..16)?;
    let tables = number(head, 16..17)?;
    let table = number(head, if fat32 { 36..40 } else { 22..24 })?;
    let behind_tables = (reserved + tables * table) * sector;
    let (start, length) = if fat32 {
        let cluster = per_cluster * sector;
        // Clusters are counted from 2.
        let before = number(head, 44..48)?.checked_sub(2)?;
        (behind_tables + before * cluster, cluster)
    } else {
        (behind_tables, number(head, 17..19)? * ENTRY as u64)
    };
    Some(start..start + length)
}

/// The label in a root directory: the name of its entry with the attribute "volume". Windows writes the label only here
/// and leaves the boot sector's as it was.
///
/// After Microsoft's FAT specification ("FAT: General Overview of On-Disk Format", section "FAT Directory Structure"):
/// an entry is 32 bytes, 11 of them its name, then its attributes; the name's first byte is 0 behind the last entry and
/// 0xe5 in a deleted one; pieces of long names have the attribute too, together with three others.
fn directory_label(directory: &[u8]) -> Option<String> {
    const DELETED: u8 = 0xe5;
    const VOLUME: u8 = 0x08;
    const DIRECTORY: u8 = 0x10;
    const LONG_NAME: u8 = 0x0f;
    let (entries, _) = directory.as_chunks::<ENTRY>();
    entries
        .iter()
        .take_while(|entry| entry[0] != 0)
        .find(|entry| {
            let attributes = entry[11];
            entry[0] != DELETED
                && attributes & LONG_NAME != LONG_NAME
                && attributes & (VOLUME | DIRECTORY) == VOLUME
        })
        .map(|entry| text(&entry[..11]))
}
