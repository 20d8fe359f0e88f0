//! Archives as tools pack them.

use crate::error::MakeError;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// The tar in a file, which may be packed with gzip or zstd.
pub(crate) fn unpacked(path: &Path) -> Result<Box<dyn Read>, MakeError> {
    let mut file = BufReader::new(File::open(path).map_err(MakeError::read(path))?);
    let head = file.fill_buf().map_err(MakeError::read(path))?;
    let (gzip, zstd) = (
        head.starts_with(&[0x1f, 0x8b]),
        head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
    );
    let other = [
        (&b"\xfd7zXZ\0"[..], "xz"),
        (b"BZh", "bzip2"),
        (b"PK\x03\x04", "zip"),
    ];
    if let Some((_, packer)) = other.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(MakeError::Archive {
            path: path.to_owned(),
            why: format!("it is packed with {packer}: unpack it, or pack it with gzip or zstd"),
        });
    }
    if gzip {
        return Ok(Box::new(MultiGzDecoder::new(file)));
    }
    if zstd {
        let reader = zstd::Decoder::with_buffer(file).map_err(MakeError::read(path))?;
        return Ok(Box::new(reader));
    }
    Ok(Box::new(file))
}
