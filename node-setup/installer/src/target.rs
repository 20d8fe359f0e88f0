//! The disk that is installed onto, or whatever a test puts in its place.

use disk::Store;
use std::io;

/// A disk that is installed onto.
pub trait Target: Store {
    /// Its length in bytes.
    fn length(&self) -> u64;
    /// Fills the buffer from the device itself, past what the kernel remembers.
    ///
    /// # Errors
    /// The disk is shorter, broken or gone.
    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Asks the kernel to look at the partition table again; where it cannot, the next boot does.
    fn reread_table(&mut self);
}

/// A disk in memory.
impl Target for Vec<u8> {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_at(offset, buffer)
    }

    fn reread_table(&mut self) {}
}
