//! dm-verity as `veritysetup format` writes it: data, one block with the superblock, the hash tree with its top first.

use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use thiserror::Error;

/// Both block sizes of the only layout that is accepted.
pub const BLOCK: u64 = 4096;

/// The hash that stands for a whole root image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RootHash([u8; 32]);

impl RootHash {
    /// From 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        text.bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then_some(Self(bytes))
    }
}

impl fmt::Display for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The superblock is not one, or not of the one layout that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SuperblockError {
    /// Fewer than 512 bytes.
    #[error("there is no room for a verity superblock")]
    Short,
    /// Something else stands there.
    #[error("there is no verity superblock")]
    Absent,
    /// A layout that Holdfast does not write.
    #[error("the verity superblock has {field} {value}, expected {expected}")]
    Layout {
        /// Which field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What must stand there.
        expected: &'static str,
    },
}

/// A checked superblock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superblock {
    /// Blocks of data.
    pub data_blocks: u64,
    /// Salt, hashed before each block.
    pub salt: Vec<u8>,
}

impl Superblock {
    /// Bytes that [`Superblock::parse`] needs.
    pub const LEN: usize = 512;
    /// 16 TiB, the most that the builder writes.
    const MAX_DATA_BLOCKS: u64 = 1 << 32;

    /// Reads a superblock.
    ///
    /// # Errors
    /// It is absent, or not version 1 with SHA-256, blocks of 4096 bytes, and data.
    pub fn parse(bytes: &[u8]) -> Result<Self, SuperblockError> {
        let bytes: &[u8; Self::LEN] = bytes
            .get(..Self::LEN)
            .and_then(|b| b.try_into().ok())
            .ok_or(SuperblockError::Short)?;
        if &bytes[..8] != b"verity\0\0" {
            return Err(SuperblockError::Absent);
        }
        let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        for (field, value, expected, wanted) in [
            ("version", word(8), 1, "1"),
            ("hash type", word(12), 1, "1"),
            ("data block size", word(64), 4096, "4096"),
            ("hash block size", word(68), 4096, "4096"),
        ] {
            if value != expected {
                return Err(SuperblockError::Layout {
                    field,
                    value: value.to_string(),
                    expected: wanted,
                });
            }
        }
        let algorithm = bytes[32..64].split(|b| *b == 0).next().unwrap_or_default();
        if algorithm != b"sha256" {
            let value = String::from_utf8_lossy(algorithm).into_owned();
            return Err(SuperblockError::Layout {
                field: "algorithm",
                value,
                expected: "sha256",
            });
        }
        let salt_size = usize::from(u16::from_le_bytes([bytes[80], bytes[81]]));
        let salt = bytes[88..344]
            .get(..salt_size)
            .ok_or(SuperblockError::Layout {
                field: "salt size",
                value: salt_size.to_string(),
                expected: "at most 256",
            })?;
        let data_blocks = u64::from_le_bytes(std::array::from_fn(|i| bytes[72 + i]));
        if !(1..=Self::MAX_DATA_BLOCKS).contains(&data_blocks) {
            return Err(SuperblockError::Layout {
                field: "data blocks",
                value: data_blocks.to_string(),
                expected: "1 to 4294967296",
            });
        }
        Ok(Self {
            data_blocks,
            salt: salt.to_vec(),
        })
    }

    /// The root hash that a tree with this top block has.
    pub fn root_hash(&self, top_block: &[u8; BLOCK as usize]) -> RootHash {
        let mut hash = Sha256::new();
        hash.update(&self.salt);
        hash.update(top_block);
        RootHash(hash.finalize().into())
    }

    /// The device mapper's parameters for a root on `device` (data and hashes on the same one). Corruption and read
    /// errors end in a panic, so that a bad slot becomes a failed boot instead of wrong bytes.
    pub fn parameters(&self, device: &str, hash: RootHash) -> String {
        let mut salt = String::new();
        for byte in &self.salt {
            // Writing to a String cannot fail.
            let _ = write!(salt, "{byte:02x}");
        }
        if salt.is_empty() {
            salt.push('-');
        }
        let blocks = self.data_blocks;
        let tree = blocks + 1;
        format!(
            "1 {device} {device} {BLOCK} {BLOCK} {blocks} {tree} sha256 {hash} {salt} 2 panic_on_corruption panic_on_error"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{RootHash, Superblock, SuperblockError};
    use proptest::prelude::*;
    use std::process::Command;

    fn sample() -> [u8; 512] {
        let mut bytes = [0_u8; 512];
        bytes[..8].copy_from_slice(b"verity\0\0");
        bytes[8] = 1;
        bytes[12] = 1;
        bytes[32..38].copy_from_slice(b"sha256");
        bytes[65] = 0x10;
        bytes[69] = 0x10;
        bytes[72] = 7;
        bytes[80] = 2;
        bytes[88..90].copy_from_slice(&[0xab, 0xcd]);
        bytes
    }

    #[test]
    fn superblocks() {
        let good = Superblock {
            data_blocks: 7,
            salt: vec![0xab, 0xcd],
        };
        assert_eq!(Superblock::parse(&sample()), Ok(good));
        assert_eq!(Superblock::parse(&[0; 100]), Err(SuperblockError::Short));
        assert_eq!(Superblock::parse(&[0; 512]), Err(SuperblockError::Absent));
        for (at, value, field) in [
            (8, 2, "version"),
            (12, 0, "hash type"),
            (65, 0x20, "data block size"),
            (69, 0x02, "hash block size"),
            (32, b'm', "algorithm"),
            (81, 9, "salt size"),
            (72, 0, "data blocks"),
            (79, 0xff, "data blocks"),
        ] {
            let mut bytes = sample();
            bytes[at] = value;
            let error = Superblock::parse(&bytes).expect_err(field);
            assert!(
                matches!(&error, SuperblockError::Layout { field: f, .. } if *f == field),
                "{field}: {error}"
            );
        }
    }

    #[test]
    fn veritysetup_agrees_on_the_root_hash() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("root");
        let size = 300 * 4096;
        let data: Vec<u8> = (0..size).map(|i| (i * 7 % 251) as u8).collect();
        std::fs::write(&path, &data).expect("write");
        let output = Command::new("veritysetup")
            .arg("format")
            .arg(format!("--hash-offset={size}"))
            .args([&path, &path])
            .output()
            .expect("veritysetup runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let told = text
            .lines()
            .find_map(|l| l.strip_prefix("Root hash:"))
            .expect("root hash")
            .trim();
        let bytes = std::fs::read(&path).expect("read");
        let superblock = Superblock::parse(&bytes[size..]).expect("superblock");
        let top: &[u8; 4096] = bytes[size + 4096..size + 8192]
            .try_into()
            .expect("top block");
        assert_eq!(superblock.data_blocks, 300);
        assert_eq!(superblock.root_hash(top).to_string(), told);
    }

    #[test]
    fn hashes_are_64_digits() {
        assert!(RootHash::parse(&"0f".repeat(32)).is_some());
        for bad in ["", "0f", &"+f".repeat(32), &"ä".repeat(32)] {
            assert!(RootHash::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn parameters() {
        let superblock = Superblock {
            data_blocks: 7,
            salt: vec![0xab, 0xcd],
        };
        let hash = RootHash::parse(&"0f".repeat(32)).expect("hash");
        assert_eq!(
            superblock.parameters("/dev/sda3", hash),
            format!(
                "1 /dev/sda3 /dev/sda3 4096 4096 7 8 sha256 {hash} abcd 2 panic_on_corruption panic_on_error"
            ),
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = Superblock::parse(&bytes);
            let mut near = sample();
            for (at, byte) in bytes.iter().enumerate().take(500) {
                if byte % 16 == 0 { near[at + 8] = *byte; }
            }
            let _ = Superblock::parse(&near);
        }
    }
}
