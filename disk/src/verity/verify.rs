//! Checking data against a tree, as dm-verity would.

use std::io::{self, Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};

use super::format::{BLOCK, FANOUT, HASH_SIZE, levels};
use super::hash::hash_block;
use super::{RootHash, Superblock, SuperblockError};

/// Why data is not what a root hash vouches for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Superblock, tree or data could not be read.
    #[error("cannot read the {what} at byte {offset}")]
    Read {
        /// Which part.
        what: &'static str,
        /// Where it should be.
        offset: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// The superblock is not one.
    #[error("cannot use the superblock at byte {offset}")]
    Superblock {
        /// Where it should be.
        offset: u64,
        /// What is wrong with it.
        source: SuperblockError,
    },
    /// The superblock covers more or less than what lies before it.
    #[error("the superblock covers {covers} bytes of data, {before} bytes lie before it")]
    Size {
        /// What the superblock says.
        covers: u64,
        /// Where it stands.
        before: u64,
    },
    /// The top of the tree is not the expected one: another image, or a changed tree.
    #[error("the image has root hash {found}, expected {expected}")]
    Root {
        /// Root hash of what is there.
        found: RootHash,
        /// Root hash asked for.
        expected: RootHash,
    },
    /// A block inside the tree does not match the one above.
    #[error("hash block at byte {0} is damaged")]
    Tree(u64),
    /// A data block does not match the tree.
    #[error("data block {block} (byte {offset}) is damaged")]
    Data {
        /// Number of the block, from 0.
        block: u64,
        /// Where it is.
        offset: u64,
    },
}

/// Checks all of an image whose superblock stands at byte `data_size` against `root`.
///
/// # Errors
/// Names the first block that is not what it was.
pub fn verify<D: Read + Seek>(
    image: &mut D,
    data_size: u64,
    root: &RootHash,
) -> Result<(), VerifyError> {
    let head = read_at(image, "superblock", data_size, BLOCK)?;
    let superblock = Superblock::parse(&head).map_err(|source| VerifyError::Superblock {
        offset: data_size,
        source,
    })?;
    if superblock.data_size() != data_size {
        return Err(VerifyError::Size {
            covers: superblock.data_size(),
            before: data_size,
        });
    }
    let salted = Sha256::new_with_prefix(&superblock.params.salt);
    let mut expected = root.0.to_vec();
    let mut offset = data_size + BLOCK as u64;
    for (depth, blocks) in levels(superblock.data_blocks).into_iter().rev().enumerate() {
        let length = blocks as usize * BLOCK;
        let level = read_at(image, "hash tree", offset, length)?;
        check_level(
            &salted,
            &level,
            &expected,
            offset,
            (depth == 0).then_some(root),
        )?;
        expected = level;
        offset += length as u64;
    }
    check_data(image, &superblock, &salted, &expected, root)
}

fn check_level(
    salted: &Sha256,
    level: &[u8],
    expected: &[u8],
    offset: u64,
    root: Option<&RootHash>,
) -> Result<(), VerifyError> {
    for (index, block) in level.chunks_exact(BLOCK).enumerate() {
        let found = hash_block(salted, block);
        if found[..] != expected[index * HASH_SIZE..(index + 1) * HASH_SIZE] {
            return Err(match root {
                Some(root) => VerifyError::Root {
                    found: RootHash(found),
                    expected: *root,
                },
                None => VerifyError::Tree(offset + (index * BLOCK) as u64),
            });
        }
    }
    Ok(())
}

fn check_data<D: Read + Seek>(
    image: &mut D,
    superblock: &Superblock,
    salted: &Sha256,
    expected: &[u8],
    root: &RootHash,
) -> Result<(), VerifyError> {
    let mut block = 0;
    while block < superblock.data_blocks {
        let count = (superblock.data_blocks - block).min(FANOUT as u64);
        let offset = block * BLOCK as u64;
        let part = read_at(image, "data", offset, count as usize * BLOCK)?;
        for (data, number) in part.chunks_exact(BLOCK).zip(block..) {
            let found = hash_block(salted, data);
            let at = number as usize * HASH_SIZE;
            if found[..] == expected[at..at + HASH_SIZE] {
                continue;
            }
            return Err(if superblock.data_blocks == 1 {
                VerifyError::Root {
                    found: RootHash(found),
                    expected: *root,
                }
            } else {
                VerifyError::Data {
                    block: number,
                    offset: number * BLOCK as u64,
                }
            });
        }
        block += count;
    }
    Ok(())
}

/// `length` bytes, read as they come, so that a wrong length cannot ask for all memory.
fn read_at<D: Read + Seek>(
    image: &mut D,
    what: &'static str,
    offset: u64,
    length: usize,
) -> Result<Vec<u8>, VerifyError> {
    let failed = |source| VerifyError::Read {
        what,
        offset,
        source,
    };
    image.seek(SeekFrom::Start(offset)).map_err(failed)?;
    let mut bytes = Vec::new();
    image
        .by_ref()
        .take(length as u64)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() < length {
        return Err(failed(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(bytes)
}
