//! What an erofs image says about itself. Images are made by `mkfs.erofs`.

use uuid::Uuid;

use crate::bytes::{array, u32_at, u64_at};

/// Where the superblock stands.
pub const SUPERBLOCK_OFFSET: usize = 1024;

/// Bytes of the superblock.
pub const SUPERBLOCK_SIZE: usize = 128;

const MAGIC: u32 = 0xe0f5_e1e2;

/// The parts of a superblock that matter outside of the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superblock {
    /// Bytes of a block, a power of two.
    pub block_size: u32,
    /// Number of blocks.
    pub blocks: u32,
    /// Number of files and directories.
    pub inodes: u64,
    /// Identity of the file system.
    pub uuid: Uuid,
    /// Name of the volume.
    pub label: String,
    /// Time stamp of the build, in seconds since 1970.
    pub build_time: u64,
}

/// Why bytes are no erofs image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Fewer bytes than the superblock's end.
    #[error("an erofs image has at least 1152 bytes, there are {0}")]
    Short(usize),
    /// Something else is there.
    #[error("no erofs superblock here")]
    Magic,
    /// A block size that no kernel takes.
    #[error("erofs superblock claims blocks of 2^{0} bytes")]
    BlockSize(u8),
}

impl Superblock {
    /// Reads the superblock from the beginning of an image.
    ///
    /// # Errors
    /// When the bytes are no erofs image.
    pub fn parse(image: &[u8]) -> Result<Self, Error> {
        let sb = image
            .get(SUPERBLOCK_OFFSET..SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE)
            .ok_or(Error::Short(image.len()))?;
        if u32_at(sb, 0) != MAGIC {
            return Err(Error::Magic);
        }
        let bits = sb[12];
        if !(9..=16).contains(&bits) {
            return Err(Error::BlockSize(bits));
        }
        let label = &sb[64..80];
        let end = label.iter().position(|b| *b == 0).unwrap_or(label.len());
        Ok(Self {
            block_size: 1 << bits,
            blocks: u32_at(sb, 36),
            inodes: u64_at(sb, 16),
            uuid: Uuid::from_bytes(array(sb, 48)),
            label: String::from_utf8_lossy(&label[..end]).into_owned(),
            build_time: u64_at(sb, 24),
        })
    }

    /// Length of the image in bytes.
    pub const fn size(&self) -> u64 {
        self.blocks as u64 * self.block_size as u64
    }
}
