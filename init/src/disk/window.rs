//! A part of a disk in memory, at the place that it has on the disk.

use std::io::{self, Seek, SeekFrom, Write};

/// The part of a disk that one copy of the table covers.
pub(super) struct Window {
    base: u64,
    at: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// `length` zeroes from the disk's byte `base` on.
    pub(super) fn new(base: u64, length: usize) -> Self {
        Self {
            base,
            at: 0,
            bytes: vec![0; length],
        }
    }

    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Write for Window {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = self
            .at
            .checked_sub(self.base)
            .and_then(|s| usize::try_from(s).ok());
        let range = start.and_then(|s| self.bytes.get_mut(s..s + bytes.len()));
        range
            .ok_or(io::ErrorKind::InvalidInput)?
            .copy_from_slice(bytes);
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(at) => self.at = at,
            SeekFrom::Current(_) | SeekFrom::End(_) => {
                return Err(io::ErrorKind::Unsupported.into());
            }
        }
        Ok(self.at)
    }
}
