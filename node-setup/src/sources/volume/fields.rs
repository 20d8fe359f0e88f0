//! What volumes are told apart by, and the fields of their first sectors.

use std::ops::Range;

/// A file system we can take a configuration from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Which file system.
    pub kind: Kind,
    /// Its label, without padding.
    pub label: String,
    /// FAT and exFAT only: the last writer did not unmount it.
    pub dirty: bool,
}

/// The file systems that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// FAT12, FAT16, FAT32.
    Fat,
    /// exFAT.
    ExFat,
    /// ext2, ext3, ext4.
    Ext,
}

impl Kind {
    /// The name that mount(2) takes.
    pub(crate) fn mount_type(self) -> &'static str {
        match self {
            Kind::Fat => "vfat",
            Kind::ExFat => "exfat",
            Kind::Ext => "ext4",
        }
    }
}

/// Bytes of a directory's entry.
pub(super) const ENTRY: usize = 32;

/// A little-endian number of at most four bytes.
pub(super) fn number(bytes: &[u8], place: Range<usize>) -> Option<u64> {
    let bytes = bytes.get(place)?.iter().rev();
    Some(bytes.fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

pub(super) fn text(bytes: &[u8]) -> String {
    shown(&String::from_utf8_lossy(bytes))
}

/// It may be shown on a console.
pub(super) fn shown(text: &str) -> String {
    let text = text.split('\0').next().unwrap_or_default();
    text.chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim_end()
        .to_owned()
}
