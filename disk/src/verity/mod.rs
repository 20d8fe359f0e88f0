//! dm-verity hash trees: a root hash that vouches for every block of an image.
//!
//! The layout is veritysetup's: superblock version 1, hash type 1, SHA-256, blocks of 4096 bytes,
//! salt before the data, levels of the tree from the top down. In our images the superblock
//! follows the data in the same partition, so `veritysetup --hash-offset=SIZE` opens them.
//!
//! Assumption: the data is a multiple of [`BLOCK`] bytes long.

mod dump;
mod format;
mod hash;
mod mapper;
mod superblock;
#[cfg(test)]
mod tests;
mod tree;
mod verify;

pub use format::{BLOCK, HASH_SIZE};
pub use hash::{RootHash, RootHashError};
pub use superblock::{Params, Superblock, SuperblockError};
pub use tree::{HashError, Tree, append};
pub use verify::{VerifyError, verify};
