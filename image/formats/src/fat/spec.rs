//! What a new volume is like.

use std::fmt;

/// Which of the FAT family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// For small volumes that every system shall read: 4085 to 65524 clusters.
    Fat16,
    /// What UEFI and the Raspberry Pi firmware expect of a boot partition: 65525 clusters or more.
    ///
    /// A volume with fewer clusters is read as FAT16 by firmware that counts them, and then
    /// nothing on it is found.
    Fat32,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fat16 => "FAT16",
            Self::Fat32 => "FAT32",
        })
    }
}

/// A volume's name: eleven bytes, padded with spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label([u8; 11]);

/// Why a text is no volume label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no FAT label: 1 to 11 of A-Z, 0-9, `-`, `_` are")]
pub struct LabelError(String);

impl Label {
    /// Checks `text`: upper case, as every system shows the same for it.
    ///
    /// # Errors
    /// For other characters than A-Z, 0-9, `-`, `_`, or more than 11 of them, or none.
    pub fn new(text: &str) -> Result<Self, LabelError> {
        let allowed =
            |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > 11 || !text.bytes().all(allowed) {
            return Err(LabelError(text.to_owned()));
        }
        let mut bytes = [b' '; 11];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self(bytes))
    }

    /// The eleven bytes as stored.
    pub const fn bytes(self) -> [u8; 11] {
        self.0
    }
}

/// A volume to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeSpec {
    /// Which FAT.
    pub kind: Kind,
    /// Its name.
    pub label: Label,
    /// Its serial number, shown as `XXXX-XXXX`.
    pub id: u32,
    /// Bytes of a cluster: a power of two from 512 to 32768.
    pub cluster: u32,
}
