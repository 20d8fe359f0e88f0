//! The block index of a root image: the SHA-256 of each of its blocks, so that a node can check a block before it writes it, and
//! knows by hashing its own slot what it has already.
//!
//! Layout, numbers little-endian: 8 bytes magic, u32 format, u32 block size, u64 length of the image, then 32 bytes for each
//! block in order. The last block may be shorter than the others.

use super::Digest;
use std::io::{self, Read};
use std::ops::Range;

/// Bytes of a block.
pub const BLOCK_SIZE: u32 = 65_536;
/// A root image is not larger: slots are smaller.
const LARGEST_IMAGE: u64 = 4 << 30;
const MAGIC: &[u8; 8] = b"HFBLOCKS";
const FORMAT: u32 = 1;
const HEADER: usize = 24;
const HASH: usize = 32;

/// Bytes are not a block index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockIndexError {
    /// Something else.
    #[error("it does not begin as a block index does")]
    Magic,
    /// A later format.
    #[error("it has format {0}, this release reads format {FORMAT}")]
    Format(u32),
    /// Blocks of another size.
    #[error("it has blocks of {0} bytes, this release knows {BLOCK_SIZE}")]
    BlockSize(u32),
    /// An image of a size that no slot has.
    #[error("it is of an image of {0} bytes: root images have 1 to {LARGEST_IMAGE}")]
    ImageSize(u64),
    /// More or fewer digests than the image has blocks.
    #[error("it has {found} bytes, an image of {image} bytes needs {expected}")]
    Length {
        /// Bytes of the image.
        image: u64,
        /// Bytes of an index for it.
        expected: u64,
        /// Bytes of this one.
        found: u64,
    },
}

/// The digests of an image's blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockIndex {
    length: u64,
    digests: Vec<Digest>,
}

impl BlockIndex {
    /// The largest index that is read.
    pub const LARGEST: u64 = HEADER as u64 + LARGEST_IMAGE / BLOCK_SIZE as u64 * HASH as u64;

    /// Makes the index of an image, in constant memory but for the index.
    ///
    /// # Errors
    /// What reading fails with, and an image that is empty or too large ([`io::ErrorKind::InvalidData`]).
    pub fn of(image: &mut dyn Read) -> io::Result<BlockIndex> {
        let (mut length, mut digests) = (0, Vec::new());
        let mut block = Vec::with_capacity(BLOCK_SIZE as usize);
        while length <= LARGEST_IMAGE {
            block.clear();
            let mut next = image.take(u64::from(BLOCK_SIZE));
            if next.read_to_end(&mut block)? == 0 {
                break;
            }
            length += block.len() as u64;
            digests.push(Digest::of(&block));
        }
        check_length(length).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(BlockIndex { length, digests })
    }

    /// Reads an index.
    ///
    /// # Errors
    /// As [`BlockIndexError`] says.
    pub fn parse(bytes: &[u8]) -> Result<BlockIndex, BlockIndexError> {
        let (header, digests) = bytes
            .split_at_checked(HEADER)
            .ok_or(BlockIndexError::Magic)?;
        let header = header.strip_prefix(MAGIC).ok_or(BlockIndexError::Magic)?;
        let format = u32::from_le_bytes(array(&header[..4]));
        if format != FORMAT {
            return Err(BlockIndexError::Format(format));
        }
        let block_size = u32::from_le_bytes(array(&header[4..8]));
        if block_size != BLOCK_SIZE {
            return Err(BlockIndexError::BlockSize(block_size));
        }
        let length = u64::from_le_bytes(array(&header[8..]));
        check_length(length)?;
        let expected = HEADER as u64 + length.div_ceil(u64::from(BLOCK_SIZE)) * HASH as u64;
        if bytes.len() as u64 != expected {
            return Err(BlockIndexError::Length {
                image: length,
                expected,
                found: bytes.len() as u64,
            });
        }
        let digests = digests.chunks_exact(HASH).map(|d| Digest(array(d)));
        Ok(BlockIndex {
            length,
            digests: digests.collect(),
        })
    }

    /// The index as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(BLOCK_SIZE.to_le_bytes());
        bytes.extend(self.length.to_le_bytes());
        bytes.extend(self.digests.iter().flat_map(|digest| digest.0));
        bytes
    }

    /// Bytes of the image.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The digest of each block, in order.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// Where a block is in the image; `None` behind its end.
    pub fn range(&self, block: usize) -> Option<Range<u64>> {
        let start = block as u64 * u64::from(BLOCK_SIZE);
        let end = (start + u64::from(BLOCK_SIZE)).min(self.length);
        (block < self.digests.len()).then_some(start..end)
    }

    /// Whether these bytes are the block: all of it, and no other.
    pub fn is_block(&self, block: usize, bytes: &[u8]) -> bool {
        let length = self.range(block).map(|range| range.end - range.start);
        length == Some(bytes.len() as u64) && self.digests.get(block) == Some(&Digest::of(bytes))
    }
}

fn check_length(length: u64) -> Result<(), BlockIndexError> {
    match (1..=LARGEST_IMAGE).contains(&length) {
        true => Ok(()),
        false => Err(BlockIndexError::ImageSize(length)),
    }
}

pub(super) fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("callers cut N bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at / 7 % 253) as u8).collect()
    }

    #[test]
    fn there_and_back() {
        for length in [1, 65_535, 65_536, 65_537, 300_000] {
            let image = image(length);
            let index = BlockIndex::of(&mut &image[..]).unwrap();
            assert_eq!(BlockIndex::parse(&index.encode()), Ok(index.clone()));
            assert_eq!(index.length(), length as u64);
            for (number, block) in image.chunks(BLOCK_SIZE as usize).enumerate() {
                let range = index.range(number).unwrap();
                assert_eq!(range.end - range.start, block.len() as u64, "{length}");
                assert!(index.is_block(number, block), "{length}: {number}");
                assert!(!index.is_block(number, &block[1..]), "{length}: {number}");
                assert!(!index.is_block(number + 1, block), "{length}: {number}");
            }
            assert_eq!(index.range(index.digests().len()), None);
        }
    }

    #[test]
    fn wrong_ones_say_why() {
        let good = BlockIndex::of(&mut &image(70_000)[..]).unwrap().encode();
        let with = |at: usize, bytes: &[u8]| {
            let mut wrong = good.clone();
            wrong[at..at + bytes.len()].copy_from_slice(bytes);
            wrong
        };
        for (name, bytes, expected) in [
            ("empty", Vec::new(), "does not begin as"),
            ("other", with(0, b"x"), "does not begin as"),
            ("later", with(8, &[2]), "format 2"),
            (
                "blocks",
                with(12, &4096_u32.to_le_bytes()),
                "blocks of 4096",
            ),
            ("no image", with(16, &[0; 8]), "image of 0 bytes"),
            ("huge", with(16, &[255; 8]), "image of 18446744073709551615"),
            ("more", with(16, &131_073_u64.to_le_bytes()), "has 88 bytes"),
            ("cut", good[..87].to_vec(), "has 87 bytes"),
        ] {
            let error = BlockIndex::parse(&bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
        assert!(BlockIndex::of(&mut &[][..]).is_err(), "an empty image");
    }
}
