//! Sizes and positions of the on-disk structures.

/// Bytes of a data block and of a hash block.
pub const BLOCK: usize = 4096;
/// Bytes of a SHA-256 hash.
pub const HASH_SIZE: usize = 32;
/// Hashes in one hash block.
pub(super) const FANOUT: usize = BLOCK / HASH_SIZE;
/// First eight bytes of a superblock.
pub(super) const MAGIC: &[u8; 8] = b"verity\0\0";
/// Bytes of a superblock; the tree begins at the next whole block.
pub(super) const SUPERBLOCK_SIZE: usize = 512;
/// Most bytes of a salt.
pub(super) const MAX_SALT: usize = 256;
/// Most data blocks we take as true: 16 TiB. Keeps every product far from overflow.
pub(super) const MAX_BLOCKS: u64 = 1 << 32;

/// Positions inside the superblock.
pub(super) mod field {
    pub(in super::super) const VERSION: usize = 8;
    pub(in super::super) const HASH_TYPE: usize = 12;
    pub(in super::super) const UUID: usize = 16;
    pub(in super::super) const ALGORITHM: usize = 32;
    pub(in super::super) const DATA_BLOCK: usize = 64;
    pub(in super::super) const HASH_BLOCK: usize = 68;
    pub(in super::super) const DATA_BLOCKS: usize = 72;
    pub(in super::super) const SALT_SIZE: usize = 80;
    pub(in super::super) const SALT: usize = 88;
}

/// Hash blocks of each level for `data_blocks`, from the one next to the data up to the top.
///
/// A single data block needs no level: its hash is the root hash.
pub(super) fn levels(data_blocks: u64) -> Vec<u64> {
    let mut out = Vec::new();
    let mut count = data_blocks;
    while count > 1 {
        count = count.div_ceil(FANOUT as u64);
        out.push(count);
    }
    out
}
