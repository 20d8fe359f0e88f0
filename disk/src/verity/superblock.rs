//! The superblock: what a hash tree is about.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::format::{BLOCK, MAGIC, MAX_BLOCKS, MAX_SALT, SUPERBLOCK_SIZE, field, levels};
use super::hash::{RootHash, hash_block};
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
    #[error("there is no room for a verity superblock: 512 bytes are needed, there are {0}")]
    Short(usize),
    /// Something else is there.
    #[error("there is no verity superblock")]
    Absent,
    /// A layout that we do not make and the kernel is not asked for.
    #[error("the verity superblock has {field} {value}, expected {expected}")]
    Layout {
        /// Name of the field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What must stand there.
        expected: &'static str,
    },
}

impl Superblock {
    /// Checks that `params` and `data_blocks` fit.
    ///
    /// # Errors
    /// For a salt over 256 bytes, no data, or more than 16 TiB of it.
    pub fn new(params: Params, data_blocks: u64) -> Result<Self, SuperblockError> {
        if params.salt.len() > MAX_SALT {
            return Err(salt_size(params.salt.len()));
        }
        if data_blocks == 0 || data_blocks > MAX_BLOCKS {
            return Err(SuperblockError::Layout {
                field: "data blocks",
                value: data_blocks.to_string(),
                expected: "1 to 4294967296",
            });
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
            return Err(SuperblockError::Absent);
        }
        for (name, at, expected, text) in [
            ("version", field::VERSION, 1, "1"),
            ("hash type", field::HASH_TYPE, 1, "1"),
            ("data block size", field::DATA_BLOCK, BLOCK as u32, "4096"),
            ("hash block size", field::HASH_BLOCK, BLOCK as u32, "4096"),
        ] {
            let value = u32_at(bytes, at);
            if value != expected {
                return Err(SuperblockError::Layout {
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
            return Err(SuperblockError::Layout {
                field: "algorithm",
                value: String::from_utf8_lossy(&algorithm[..end]).into_owned(),
                expected: "sha256",
            });
        }
        let length = usize::from(u16_at(bytes, field::SALT_SIZE));
        if length > MAX_SALT {
            return Err(salt_size(length));
        }
        let params = Params {
            salt: bytes[field::SALT..field::SALT + length].to_vec(),
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
        let length =
            u16::try_from(self.params.salt.len()).expect("salt length was checked by `new`");
        put(&mut out, field::SALT_SIZE, &length.to_le_bytes());
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

    /// The root hash of the tree whose top block is `top`: the block after the superblock, or, if there is only one block
    /// of data, that block. One read tells which slot holds an image, without reading the image.
    pub fn root_hash(&self, top: &[u8; BLOCK]) -> RootHash {
        let salted = Sha256::new_with_prefix(&self.params.salt);
        RootHash(hash_block(&salted, top))
    }
}

fn salt_size(length: usize) -> SuperblockError {
    SuperblockError::Layout {
        field: "salt size",
        value: length.to_string(),
        expected: "at most 256",
    }
}
