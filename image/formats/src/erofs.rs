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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// An image made by `mkfs.erofs` itself.
    fn image() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("root")).unwrap();
        std::fs::write(folder.path().join("root/file"), "content").unwrap();
        let image = folder.path().join("image");
        let run = Command::new("mkfs.erofs")
            .args(["-T1577836800", "-U11111111-2222-3333-4444-555555555555"])
            .arg(&image)
            .arg(folder.path().join("root"))
            .output()
            .expect("mkfs.erofs (erofs-utils) is needed");
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        std::fs::read(image).unwrap()
    }

    #[test]
    fn reads_what_mkfs_made() {
        let mut image = image();
        // Older mkfs.erofs has no option for the label.
        image[SUPERBLOCK_OFFSET + 64..SUPERBLOCK_OFFSET + 72].copy_from_slice(b"holdfast");
        let superblock = Superblock::parse(&image).unwrap();
        assert_eq!(superblock.size(), image.len() as u64);
        assert_eq!(
            superblock.uuid.to_string(),
            "11111111-2222-3333-4444-555555555555"
        );
        assert_eq!(superblock.label, "holdfast");
        assert_eq!((superblock.block_size, superblock.inodes), (4096, 2));
        assert_eq!(superblock.build_time, 1_577_836_800);
    }

    #[test]
    fn refuses_the_rest() {
        assert_eq!(Superblock::parse(&[0; 1151]), Err(Error::Short(1151)));
        assert_eq!(Superblock::parse(&[0; 4096]), Err(Error::Magic));
        let mut image = image();
        image[SUPERBLOCK_OFFSET + 12] = 40;
        assert_eq!(Superblock::parse(&image), Err(Error::BlockSize(40)));
    }

    proptest! {
        #[test]
        fn never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 1100..1300)) {
            bytes[SUPERBLOCK_OFFSET..SUPERBLOCK_OFFSET + 4].copy_from_slice(&MAGIC.to_le_bytes());
            let _ = Superblock::parse(&bytes);
        }
    }
}
