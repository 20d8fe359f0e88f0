//! A whole volume as an image: what is written over a partition of its length.

use super::{Error, VolumeSpec, format, open};
use std::io::Cursor;

/// What a card writes at a time; no cluster of ours is larger.
const UNIT: usize = 4096;

/// The beginning of a volume of `length` bytes with these files, up to the last byte that is not zero and a unit more: what comes
/// after that belongs to no file and no folder, so it may be what it was.
///
/// # Errors
/// The files do not fit, or the length is none of such a volume.
pub fn image(spec: &VolumeSpec, length: u64, files: &[(&str, &[u8])]) -> Result<Vec<u8>, Error> {
    let mut volume = Cursor::new(vec![0; length as usize]);
    format(&mut volume, spec)?;
    let written = open(&mut volume)?;
    for (name, mut content) in files.iter().copied() {
        written.write_file(name, &mut content)?;
    }
    written.finish()?;
    let mut image = volume.into_inner();
    let used = image
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |at| at + 1);
    image.truncate(used.next_multiple_of(UNIT) + UNIT);
    Ok(image)
}
