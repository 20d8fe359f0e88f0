//! The superblock: what a hash tree is about.

use uuid::Uuid;

use super::format::{BLOCK, MAGIC, MAX_BLOCKS, MAX_SALT, SUPERBLOCK_SIZE, field, levels};
use crate::bytes::{array, put, u16_at, u32_at, u64_at};

/// What the maker of a tree chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// Hashed before each block; at most 256 bytes. A random or per-release salt keeps hash
    /// collisions of one image from being of use against another.
    pub salt: Vec<u8>,
    /// Identity of the tree. Carries no trust.
    pub uuid: Uuid,
}

/// A checked superblock: version 1, SHA-256, 4096-byte blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superblock {
    /// Salt and identity.
    pub params: Params,
    /// Number of data blocks, at least one.
    pub data_blocks: u64,
}

/// Why bytes are no superblock that we take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SuperblockError {
    /// Fewer bytes than a superblock has.
    #[error("a verity superblock has 512 bytes, there are {0}")]
    Short(usize),
    /// Something else is there.
    #[error("no verity superblock here")]
    Magic,
    /// A field has a value that we do not make and the init program does not take.
    #[error("verity superblock has {field} `{value}`, only `{expected}` is supported")]
    Unsupported {
        /// Name of the field.
        field: &'static str,
        /// What it says.
        value: String,
        /// What it must say.
        expected: &'static str,
    },
    /// A salt longer than its field.
    #[error("verity superblock claims a salt of {0} bytes, at most 256 fit")]
    SaltSize(usize),
    /// No data, or more than any disk holds.
    #[error("verity superblock covers {0} data blocks, which no image has")]
    DataBlocks(u64),
}

impl Superblock {
    /// Checks that `params` and `data_blocks` fit.
    ///
    /// # Errors
    /// For a salt over 256 bytes, no data, or more than 16 TiB of it.
    pub fn new(params: Params, data_blocks: u64) -> Result<Self, SuperblockError> {
        if params.salt.len() > MAX_SALT {
            return Err(SuperblockError::SaltSize(params.salt.len()));
        }
        if data_blocks == 0 || data_blocks > MAX_BLOCKS {
            return Err(SuperblockError::DataBlocks(data_blocks));
        }
        Ok(Self {
            params,
            data_blocks,
        })
    }

    /// Reads a superblock from the first 512 of `bytes`.
    ///
    /// # Errors
    /// When they are no superblock, or one of another kind than ours.
    pub fn parse(bytes: &[u8]) -> Result<Self, SuperblockError> {
        if bytes.len() < SUPERBLOCK_SIZE {
            return Err(SuperblockError::Short(bytes.len()));
        }
        if &bytes[..8] != MAGIC {
            return Err(SuperblockError::Magic);
        }
        for (name, at, expected, text) in [
            ("version", field::VERSION, 1, "1"),
            ("hash type", field::HASH_TYPE, 1, "1"),
            ("data block size", field::DATA_BLOCK, BLOCK as u32, "4096"),
            ("hash block size", field::HASH_BLOCK, BLOCK as u32, "4096"),
        ] {
            let value = u32_at(bytes, at);
            if value != expected {
                return Err(SuperblockError::Unsupported {
                    field: name,
                    value: value.to_string(),
                    expected: text,
                });
            }
        }
        let algorithm = &bytes[field::ALGORITHM..field::DATA_BLOCK];
        let end = algorithm
            .iter()
            .position(|b| *b == 0)
            .unwrap_or(algorithm.len());
        if &algorithm[..end] != b"sha256" {
            return Err(SuperblockError::Unsupported {
                field: "algorithm",
                value: String::from_utf8_lossy(&algorithm[..end]).into_owned(),
                expected: "sha256",
            });
        }
        let salt_size = usize::from(u16_at(bytes, field::SALT_SIZE));
        if salt_size > MAX_SALT {
            return Err(SuperblockError::SaltSize(salt_size));
        }
        let params = Params {
            salt: bytes[field::SALT..field::SALT + salt_size].to_vec(),
            uuid: Uuid::from_bytes(array(bytes, field::UUID)),
        };
        Self::new(params, u64_at(bytes, field::DATA_BLOCKS))
    }

    /// The superblock as one whole block; the tree follows it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; BLOCK];
        let block = (BLOCK as u32).to_le_bytes();
        put(&mut out, 0, MAGIC);
        put(&mut out, field::VERSION, &1_u32.to_le_bytes());
        put(&mut out, field::HASH_TYPE, &1_u32.to_le_bytes());
        put(&mut out, field::UUID, self.params.uuid.as_bytes());
        put(&mut out, field::ALGORITHM, b"sha256");
        put(&mut out, field::DATA_BLOCK, &block);
        put(&mut out, field::HASH_BLOCK, &block);
        put(
            &mut out,
            field::DATA_BLOCKS,
            &self.data_blocks.to_le_bytes(),
        );
        let salt_size =
            u16::try_from(self.params.salt.len()).expect("salt length was checked by `new`");
        put(&mut out, field::SALT_SIZE, &salt_size.to_le_bytes());
        put(&mut out, field::SALT, &self.params.salt);
        out
    }

    /// Length of the data, in bytes.
    pub const fn data_size(&self) -> u64 {
        self.data_blocks * BLOCK as u64
    }

    /// Length of superblock and tree together, in bytes.
    pub fn tree_size(&self) -> u64 {
        (1 + levels(self.data_blocks).iter().sum::<u64>()) * BLOCK as u64
    }
}
