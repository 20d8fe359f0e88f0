//! What the first bytes of a volume say: its kind, its label, whether it was unmounted cleanly. FAT keeps its label in
//! two places, and the root directory's is the one that every system writes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// A file system we can take a configuration from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Which file system.
    pub kind: Kind,
    /// Its label, without padding.
    pub label: String,
    /// FAT only: the last writer did not unmount it.
    pub dirty: bool,
}

/// The file systems that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// FAT12, FAT16, FAT32.
    Fat,
    /// ext2, ext3, ext4.
    Ext,
}

impl Kind {
    /// The name that mount(2) takes.
    pub(crate) fn mount_type(self) -> &'static str {
        match self {
            Kind::Fat => "vfat",
            Kind::Ext => "ext4",
        }
    }
}

/// How much of a volume's beginning is looked at.
const HEAD: u64 = 2048;

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
    let Some(mut volume) = ext(&head).or_else(|| fat(&head)) else {
        return Ok(None);
    };
    if volume.kind == Kind::Fat
        && let Some(place) = root_directory(&head)
    {
        // A directory behind the disk's end has no label either; mounting says what is wrong with it.
        let directory = piece(&mut disk, place).unwrap_or_default();
        if let Some(label) = directory_label(&directory) {
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

/// Bytes of a directory's entry.
const ENTRY: usize = 32;

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

/// A little-endian number of at most four bytes.
fn number(bytes: &[u8], place: Range<usize>) -> Option<u64> {
    let bytes = bytes.get(place)?.iter().rev();
    Some(bytes.fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.split('\0').next().unwrap_or_default();
    // It may be shown on a console.
    text.chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use std::process::Command;

    /// The foreign tools make the volumes; we only read them.
    fn made(program: &str, arguments: &[&str], size: u64) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(size).unwrap();
        let done = Command::new(program)
            .args(arguments)
            .arg(file.path())
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        std::fs::read(file.path()).unwrap()
    }

    fn label(bytes: &[u8]) -> String {
        identify(Cursor::new(bytes)).unwrap().unwrap().label
    }

    /// What is tried, the entries, the label.
    type Directory<'a> = (&'a str, &'a [[u8; ENTRY]], Option<&'a str>);
    /// What is wrong, options of `mkfs.fat`, size of the volume, where it is overwritten, with what.
    type Nonsense<'a> = (&'a str, &'a [&'a str], u64, usize, &'a [u8]);

    #[test]
    fn volumes_of_the_foreign_tools() {
        let cases: [(&str, &[&str], u64, Kind, &str); 3] = [
            (
                "mkfs.fat",
                &["-F", "16", "-n", "CONFIG"],
                16 << 20,
                Kind::Fat,
                "CONFIG",
            ),
            (
                "mkfs.fat",
                &["-F", "32", "-n", "HOLDFAST"],
                64 << 20,
                Kind::Fat,
                "HOLDFAST",
            ),
            (
                "mkfs.ext4",
                &["-q", "-L", "HOLDFAST"],
                8 << 20,
                Kind::Ext,
                "HOLDFAST",
            ),
        ];
        for (program, arguments, size, kind, label) in cases {
            let expected = Volume {
                kind,
                label: label.to_owned(),
                dirty: false,
            };
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), made(program, arguments, size)).unwrap();
            assert_eq!(
                read(file.path()).unwrap(),
                Some(expected),
                "{program} {arguments:?}"
            );
        }
    }

    #[test]
    fn the_root_directory_s_label_counts() {
        const NONE: &[u8; 11] = b"NO NAME    ";
        const BOOT: &[u8; 11] = b"BOOTSECTOR ";
        // mkfs.fat writes both labels, or neither; then the boot sector gets its own.
        let cases: [(&str, &[&str], &[u8; 11], &str); 4] = [
            ("root directory only", &["-n", "HOLDFAST"], NONE, "HOLDFAST"),
            ("boot sector only", &[], BOOT, "BOOTSECTOR"),
            ("both, differing", &["-n", "HOLDFAST"], BOOT, "HOLDFAST"),
            ("neither", &[], NONE, "NO NAME"),
        ];
        let kinds: [(&[&str], u64, usize); 5] = [
            (&["-F", "12"], 2 << 20, 43),
            (&["-F", "16"], 16 << 20, 43),
            (&["-F", "16", "-S", "4096", "-f", "1"], 64 << 20, 43),
            (&["-F", "32", "-s", "1"], 64 << 20, 71),
            (&["-F", "32", "-s", "8", "-R", "64"], 300 << 20, 71),
        ];
        for (kind, size, at) in kinds {
            for (case, name, boot, expected) in cases {
                let mut bytes = made("mkfs.fat", &[kind, name].concat(), size);
                bytes[at..at + 11].copy_from_slice(boot);
                assert_eq!(label(&bytes), expected, "{kind:?}: {case}");
            }
        }
    }

    /// An entry of a directory.
    fn entry(name: &[u8; 11], attributes: u8) -> [u8; ENTRY] {
        let mut entry = [0; ENTRY];
        entry[..11].copy_from_slice(name);
        entry[11] = attributes;
        entry
    }

    #[test]
    fn entries_of_a_root_directory() {
        let file = entry(b"CONFIG  YAM", 0x20);
        let long = entry(b"Ac\0o\0n\0f\0i\0", 0x0f);
        let deleted = entry(b"\xe5LD        ", 0x08);
        let folder = entry(b"FOLDER     ", 0x18);
        let end = entry(b"\0          ", 0x08);
        let label = entry(b"HOLDFAST   ", 0x08);
        let archived = entry(b"HOLD FAST  ", 0x28);
        let cases: [Directory<'_>; 8] = [
            ("alone", &[label], Some("HOLDFAST")),
            ("behind files", &[long, file, label], Some("HOLDFAST")),
            ("behind a deleted one", &[deleted, label], Some("HOLDFAST")),
            ("with the archive attribute", &[archived], Some("HOLD FAST")),
            ("behind the end", &[file, end, label], None),
            ("long names, folders", &[long, folder, file], None),
            ("deleted", &[deleted], None),
            ("an empty directory", &[], None),
        ];
        for (case, entries, expected) in cases {
            let found = directory_label(entries.as_flattened());
            assert_eq!(found.as_deref(), expected, "{case}");
        }
        assert_eq!(directory_label(&label[..31]), None, "a torn entry");
    }

    #[test]
    fn nonsense_in_the_boot_sector_leaves_its_own_label() {
        let cases: [Nonsense<'_>; 7] = [
            ("no sector", &["-F", "16"], 16 << 20, 11, &[0, 0]),
            ("an odd sector", &["-F", "16"], 16 << 20, 11, &[1, 2]),
            ("no cluster", &["-F", "16"], 16 << 20, 13, &[0]),
            ("no root directory", &["-F", "16"], 16 << 20, 17, &[0, 0]),
            (
                "tables behind the end",
                &["-F", "16"],
                16 << 20,
                22,
                &[255, 255],
            ),
            (
                "a root before the data",
                &["-F", "32"],
                64 << 20,
                44,
                &[1, 0, 0, 0],
            ),
            (
                "a root behind the end",
                &["-F", "32"],
                64 << 20,
                44,
                &[255; 4],
            ),
        ];
        for (case, kind, size, at, nonsense) in cases {
            let mut bytes = made("mkfs.fat", &[kind, &["-n", "HOLDFAST"]].concat(), size);
            let boot = if kind[1] == "32" { 71 } else { 43 };
            bytes[boot..boot + 11].copy_from_slice(b"BOOTSECTOR ");
            bytes[at..at + nonsense.len()].copy_from_slice(nonsense);
            assert_eq!(label(&bytes), "BOOTSECTOR", "{case}");
        }
    }

    #[test]
    fn garbage_neither_panics_nor_asks_for_much() {
        for (kind, size) in [("16", 16 << 20), ("32", 64 << 20)] {
            let whole = made("mkfs.fat", &["-F", kind, "-n", "HOLDFAST"], size);
            for at in 0..90 {
                for (length, value) in [(1, 0), (1, 0xff), (4, 0xff), (30, 0xff)] {
                    let mut head = whole[..HEAD as usize].to_vec();
                    head[at..at + length].fill(value);
                    let asked = root_directory(&head).map_or(0, |place| place.end - place.start);
                    assert!(asked <= 2 << 20, "{value:#x} at {at}: {asked} bytes");
                    identify(Cursor::new(&head)).unwrap();
                }
            }
            for length in 0..512 {
                let found = identify(Cursor::new(&whole[..length])).unwrap();
                assert_eq!(found, None, "only {length} bytes");
            }
        }
        assert_eq!(identify(Cursor::new([0xff; 4096])).unwrap(), None);
    }

    #[test]
    fn a_dirty_fat_and_an_empty_disk() {
        let mut bytes = made("mkfs.fat", &["-F", "16"], 16 << 20);
        bytes[0x25] |= 1;
        let dirty = identify(Cursor::new(&bytes)).unwrap().unwrap().dirty;
        assert!(dirty);
        let empty = identify(Cursor::new([0; HEAD as usize])).unwrap();
        assert_eq!(empty, None);
    }
}
