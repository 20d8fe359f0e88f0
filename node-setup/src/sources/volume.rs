//! What the first bytes of a volume say: its kind, its label, whether it was unmounted cleanly.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A file system we can take a configuration from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Volume {
    /// Which file system.
    pub kind: Kind,
    /// Its label, without padding.
    pub label: String,
    /// FAT only: the last writer did not unmount it.
    pub dirty: bool,
}

/// The file systems that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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

/// How much of a volume [`identify`] wants to see.
pub(crate) const HEAD: usize = 2048;

/// Reads and identifies a volume; `None` when it is no file system we know.
///
/// # Errors
/// When the device cannot be read.
pub(crate) fn read(device: &Path) -> io::Result<Option<Volume>> {
    let mut head = Vec::with_capacity(HEAD);
    File::open(device)?
        .take(HEAD as u64)
        .read_to_end(&mut head)?;
    Ok(identify(&head))
}

/// Identifies a volume by its first [`HEAD`] bytes.
pub(crate) fn identify(head: &[u8]) -> Option<Volume> {
    ext(head).or_else(|| fat(head))
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

fn fat(head: &[u8]) -> Option<Volume> {
    if head.get(510..512)? != [0x55, 0xaa] {
        return None;
    }
    // FAT32 has no 16-bit FAT size; its extended boot record sits 28 bytes further on.
    let fat32 = head.get(22..24)? == [0, 0];
    let (name, state, label) = if fat32 {
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_end_matches(['\0', ' '])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// The foreign tools make the volumes; we only read them.
    fn made(program: &str, arguments: &[&str], size: u64) -> Option<Volume> {
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
        read(file.path()).unwrap()
    }

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
            assert_eq!(
                made(program, arguments, size),
                Some(expected),
                "{program} {arguments:?}"
            );
        }
    }

    #[test]
    fn a_dirty_fat_and_an_empty_disk() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(16 << 20).unwrap();
        let done = Command::new("mkfs.fat")
            .args(["-F", "16"])
            .arg(file.path())
            .output()
            .unwrap();
        assert!(done.status.success());
        let mut head = std::fs::read(file.path()).unwrap();
        head[0x25] |= 1;
        assert!(identify(&head).unwrap().dirty);
        assert_eq!(identify(&[0; HEAD]), None);
        assert_eq!(identify(&head[..100]), None, "a short read is no volume");
    }
}
