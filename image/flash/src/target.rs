//! What is written to: a disk, or whatever a test puts in its place.

use std::io;

/// What became of a request to make zeros of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zeroed {
    /// The range reads as zeros.
    Done,
    /// The device cannot do it by itself: zeros must be written.
    NotSupported,
}

/// A disk to be written. Buffers are aligned and of whole sectors.
pub trait Target {
    /// Its length in bytes.
    fn size(&self) -> u64;
    /// Writes at this offset; lasting only after [`Target::flush`].
    ///
    /// # Errors
    /// The disk is shorter, broken or gone.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Asks the device to make a range zeros without being sent any.
    ///
    /// # Errors
    /// The disk is shorter, broken or gone.
    fn zero_at(&mut self, offset: u64, length: u64) -> io::Result<Zeroed>;
    /// Returns when everything written so far outlives a power cut.
    ///
    /// # Errors
    /// It could not be made to last.
    fn flush(&mut self) -> io::Result<()>;
    /// Fills the buffer from the device itself, past what the kernel remembers.
    ///
    /// # Errors
    /// The disk is shorter, broken or gone.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Asks the kernel to look at the partition table anew; where it cannot, it does at the next plugging in.
    fn reread_table(&mut self);
}
