//! A file of one sector that is overwritten in place: neither made shorter nor moved, so that a cut leaves the bytes before or the
//! new ones. 512 bytes are what any disk writes whole or not at all.

use crate::folder::{check, failure, flush};
use crate::{DirectReader, SlotsError};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of such a file.
pub(crate) const SIZE: usize = 512;

/// What the device has of it, and one byte more if it is longer.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, SlotsError> {
    let mut bytes = Vec::new();
    DirectReader::open(path)
        .and_then(|reader| reader.take(SIZE as u64 + 1).read_to_end(&mut bytes))
        .map_err(failure("read", path))?;
    Ok(bytes)
}

/// Overwrites it, flushes, and reads it back. Only one that is not there, or has another length, is made.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8; SIZE]) -> Result<(), SlotsError> {
    let path = folder.join(name);
    let failed = failure("write", &path);
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(&failed)?;
    let is_new = file.metadata().map_err(&failed)?.len() != SIZE as u64;
    file.write_all_at(bytes, 0)
        .and_then(|()| {
            if is_new {
                file.set_len(SIZE as u64)
            } else {
                Ok(())
            }
        })
        .and_then(|()| file.sync_all())
        .map_err(&failed)?;
    if is_new {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(&failed)?;
        flush(folder)?;
    }
    check(path, &host::digest::of_bytes(bytes))
}
