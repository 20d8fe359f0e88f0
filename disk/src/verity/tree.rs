//! Hashing data into a tree.

use std::io::{self, Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};

use super::format::{BLOCK, FANOUT, HASH_SIZE};
use super::hash::hash_block;
use super::{Params, RootHash, Superblock, SuperblockError};

/// Why a tree could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The data is no whole number of blocks.
    #[error("{0} bytes of data are not a multiple of 4096")]
    Uneven(u64),
    /// The superblock cannot describe the data.
    #[error("cannot describe the data")]
    Superblock(#[from] SuperblockError),
    /// The data ended or failed.
    #[error("cannot read data block {block}")]
    Read {
        /// Number of the block, from 0.
        block: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// The tree could not be written.
    #[error("cannot write the hash tree")]
    Write(#[source] io::Error),
}

/// A finished tree, in memory: about 1/127 of the data.
#[derive(Debug, Clone)]
pub struct Tree {
    superblock: Superblock,
    root: RootHash,
    /// Levels from the one next to the data up to the top, each whole blocks.
    levels: Vec<Vec<u8>>,
}

impl Tree {
    /// Hashes `size` bytes of `data`.
    ///
    /// # Errors
    /// When the data is uneven, too short or cannot be read.
    pub fn hash<R: Read>(data: &mut R, size: u64, params: Params) -> Result<Self, HashError> {
        if !size.is_multiple_of(BLOCK as u64) {
            return Err(HashError::Uneven(size));
        }
        let superblock = Superblock::new(params, size / BLOCK as u64)?;
        let salted = Sha256::new_with_prefix(&superblock.params.salt);
        let mut hashes = hash_data(data, superblock.data_blocks, &salted)?;
        let mut levels = Vec::new();
        while hashes.len() > HASH_SIZE {
            hashes.resize(hashes.len().next_multiple_of(BLOCK), 0);
            let above = hashes
                .chunks_exact(BLOCK)
                .flat_map(|block| hash_block(&salted, block))
                .collect();
            levels.push(std::mem::replace(&mut hashes, above));
        }
        let root = hashes
            .try_into()
            .expect("one hash is left when the loop ends");
        Ok(Self {
            superblock,
            root: RootHash(root),
            levels,
        })
    }

    /// The hash that vouches for the data.
    pub const fn root_hash(&self) -> RootHash {
        self.root
    }

    /// What the tree is about.
    pub const fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// Writes superblock and levels, top level first, [`Superblock::tree_size`] bytes in all.
    ///
    /// # Errors
    /// When `out` refuses.
    pub fn write<W: Write>(&self, out: &mut W) -> Result<(), HashError> {
        out.write_all(&self.superblock.encode())
            .map_err(HashError::Write)?;
        for level in self.levels.iter().rev() {
            out.write_all(level).map_err(HashError::Write)?;
        }
        out.flush().map_err(HashError::Write)
    }
}

/// Hashes all of `image` and writes the tree behind it.
///
/// # Errors
/// As [`Tree::hash`] and [`Tree::write`].
pub fn append<D: Read + Write + Seek>(image: &mut D, params: Params) -> Result<Tree, HashError> {
    let failed = |source| HashError::Read { block: 0, source };
    let size = image.seek(SeekFrom::End(0)).map_err(failed)?;
    image.rewind().map_err(failed)?;
    let tree = Tree::hash(image, size, params)?;
    image
        .seek(SeekFrom::Start(size))
        .map_err(HashError::Write)?;
    tree.write(image)?;
    Ok(tree)
}

/// The hashes of all data blocks, one after the other; reads one leaf's worth at a time.
fn hash_data<R: Read>(data: &mut R, blocks: u64, salted: &Sha256) -> Result<Vec<u8>, HashError> {
    let mut hashes = Vec::new();
    let mut buffer = vec![0; BLOCK * FANOUT];
    let mut done = 0;
    while done < blocks {
        let count = usize::try_from(blocks - done).unwrap_or(FANOUT).min(FANOUT);
        let part = &mut buffer[..count * BLOCK];
        data.read_exact(part).map_err(|source| HashError::Read {
            block: done,
            source,
        })?;
        for block in part.chunks_exact(BLOCK) {
            hashes.extend_from_slice(&hash_block(salted, block));
        }
        done += count as u64;
    }
    Ok(hashes)
}
