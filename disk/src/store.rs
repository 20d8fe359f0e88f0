//! A disk's bytes: a block device, or whatever a test puts in its place.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Bytes that can be read, written and made to last.
pub trait Store {
    /// Fills the buffer from this offset.
    ///
    /// # Errors
    /// The disk is shorter, or cannot be read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Writes at this offset; lasting only after [`Store::flush`].
    ///
    /// # Errors
    /// The disk is shorter, read-only or broken.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Returns when everything written so far outlives a power cut.
    ///
    /// # Errors
    /// It could not be made to last.
    fn flush(&mut self) -> io::Result<()>;
}

impl Store for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// A small disk in memory, of fixed length.
impl Store for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let found = piece(offset, buffer.len()).and_then(|range| self.get(range));
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let found = piece(offset, bytes.len()).and_then(|range| self.get_mut(range));
        found
            .ok_or(io::ErrorKind::UnexpectedEof)?
            .copy_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn piece(offset: u64, length: usize) -> Option<Range<usize>> {
    let start = usize::try_from(offset).ok()?;
    Some(start..start.checked_add(length)?)
}
