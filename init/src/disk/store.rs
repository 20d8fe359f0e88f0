//! A disk's bytes: a block device, or whatever a test puts in its place.

use std::fs::File;
use std::io;
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
