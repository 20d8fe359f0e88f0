//! The CONFIG volume with the card's own `config.yaml`, made in memory and laid over the image on its way to the disk: so it is
//! written, read back and compared with everything else, and no file system is written on a disk that is already in use.

use super::{Image, ImageError};
use disk::gpt::Extent;
use disk::layout::PartitionRole;
use formats::fat;
use std::io::{self, Cursor, Read};

/// The file.
const NAME: &str = "config.yaml";

/// Bytes that replace those of the image at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    offset: u64,
    bytes: Vec<u8>,
}

impl Patch {
    /// The image's CONFIG volume with `text` as its `config.yaml`, and `signatures` as the file beside it.
    ///
    /// # Errors
    /// The image cannot be read so far, or its volume cannot take the file.
    pub fn with_config(
        image: &Image,
        text: &[u8],
        signatures: Option<&[u8]>,
    ) -> Result<Self, ImageError> {
        let mut patch = volume(image)?;
        let volume = fat::open(Cursor::new(&mut patch.bytes)).map_err(ImageError::Config)?;
        for (name, content) in [(NAME, Some(text)), (os_config::SIGNATURES, signatures)] {
            let Some(mut content) = content else { continue };
            volume
                .write_file(name, &mut content)
                .map_err(ImageError::Config)?;
        }
        volume.finish().map_err(ImageError::Config)?;
        Ok(patch)
    }

    /// Replaces what of it lies in `bytes`, which are those of the image from `offset` on.
    pub(crate) fn lay_over(&self, offset: u64, bytes: &mut [u8]) {
        let from = self.offset.max(offset);
        let to = (self.offset + self.bytes.len() as u64).min(offset + bytes.len() as u64);
        if from < to {
            let range = |begin: u64| (from - begin) as usize..(to - begin) as usize;
            bytes[range(offset)].copy_from_slice(&self.bytes[range(self.offset)]);
        }
    }
}

/// The `config.yaml` that the image has.
///
/// # Errors
/// The image cannot be read so far, or has none.
pub fn read_config(image: &Image) -> Result<Vec<u8>, ImageError> {
    let patch = volume(image)?;
    let volume = fat::open(Cursor::new(patch.bytes)).map_err(ImageError::Config)?;
    volume
        .read_file(NAME, os_config::LARGEST_TEXT as u64)
        .map_err(ImageError::Config)
}

/// Whether the image takes a `config.yaml` only with signatures beside it.
///
/// # Errors
/// The image cannot be read so far.
pub fn must_be_signed(image: &Image) -> Result<bool, ImageError> {
    let patch = volume(image)?;
    let volume = fat::open(Cursor::new(patch.bytes)).map_err(ImageError::Config)?;
    let all = volume.list().map_err(ImageError::Config)?;
    Ok(all
        .iter()
        .any(|entry| entry.path.eq_ignore_ascii_case(os_config::SIGNED_NOTE)))
}

/// The volume as it is.
fn volume(image: &Image) -> Result<Patch, ImageError> {
    let table = image.table();
    let config = table.role(PartitionRole::Config);
    let Extent { offset, size } = config
        .map(|partition| table.extent(partition))
        .expect("an image without CONFIG is not opened");
    let mut stream = image.stream()?;
    let skipped = io::copy(&mut (&mut stream).take(offset), &mut io::sink());
    let mut bytes = Vec::new();
    let found = skipped.and_then(|_| stream.take(size).read_to_end(&mut bytes));
    if (found.map_err(ImageError::Read)? as u64) < size {
        return Err(ImageError::Short {
            found: offset + bytes.len() as u64,
            expected: image.size(),
        });
    }
    Ok(Patch { offset, bytes })
}

#[cfg(test)]
mod tests {
    use super::Patch;

    #[test]
    fn only_what_overlaps_is_replaced() {
        let patch = Patch {
            offset: 10,
            bytes: vec![1; 10],
        };
        for (offset, length, from, to) in [
            (0, 10, 0, 0),
            (0, 11, 10, 11),
            (0, 40, 10, 20),
            (12, 4, 0, 4),
            (15, 10, 0, 5),
            (20, 5, 0, 0),
        ] {
            let mut bytes = vec![0; length];
            patch.lay_over(offset, &mut bytes);
            let mut expected = vec![0; length];
            expected[from..to].fill(1);
            assert_eq!(bytes, expected, "{length} at {offset}");
        }
    }
}
