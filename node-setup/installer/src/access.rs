//! A part of the target as the file systems' and the trees' code wants it: read, written and sought.

use crate::Target;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// How much is read from the device at once.
const PIECE: u64 = 1 << 20;

/// Writing to the bytes of an extent, and reading them as the kernel has them.
#[derive(Debug)]
pub(crate) struct Access<'a, T> {
    pub(crate) target: &'a mut T,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    position: u64,
}

impl<'a, T> Access<'a, T> {
    pub(crate) fn new(target: &'a mut T, extent: disk::gpt::Extent) -> Self {
        Self {
            target,
            offset: extent.offset,
            size: extent.size,
            position: 0,
        }
    }
}

impl<T: Target> Read for Access<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = room(self.size, self.position, buffer.len());
        self.target
            .read_at(self.offset + self.position, &mut buffer[..count])?;
        self.position += count as u64;
        Ok(count)
    }
}

impl<T: Target> Write for Access<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = room(self.size, self.position, bytes.len());
        self.target
            .write_at(self.offset + self.position, &bytes[..count])?;
        self.position += count as u64;
        Ok(count)
    }

    /// Nothing: the executor flushes, in the order of the plan.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T> Seek for Access<'_, T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = sought(self.size, self.position, to)?;
        Ok(self.position)
    }
}

/// Reading the bytes of an extent back from the device.
#[derive(Debug)]
pub(crate) struct ReadBack<'a, T> {
    target: &'a T,
    offset: u64,
    size: u64,
    position: u64,
    piece: Vec<u8>,
    /// Where the piece begins.
    from: u64,
}

impl<'a, T> ReadBack<'a, T> {
    pub(crate) fn new(target: &'a T, extent: disk::gpt::Extent) -> Self {
        Self {
            target,
            offset: extent.offset,
            size: extent.size,
            position: 0,
            piece: Vec::new(),
            from: 0,
        }
    }
}

impl<T: Target> Read for ReadBack<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let has = |from: u64, piece: &[u8], at: u64| at >= from && at < from + piece.len() as u64;
        if self.position >= self.size {
            return Ok(0);
        }
        if !has(self.from, &self.piece, self.position) {
            self.from = self.position / PIECE * PIECE;
            let length = room(self.size, self.from, PIECE as usize);
            self.piece.resize(length, 0);
            let read = self
                .target
                .read_back(self.offset + self.from, &mut self.piece);
            if let Err(error) = read {
                self.piece.clear();
                return Err(error);
            }
        }
        let at = usize::try_from(self.position - self.from).map_err(io::Error::other)?;
        let found = &self.piece[at..];
        let count = found.len().min(buffer.len());
        buffer[..count].copy_from_slice(&found[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

/// What is compared is not changed.
impl<T> Write for ReadBack<'_, T> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T> Seek for ReadBack<'_, T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = sought(self.size, self.position, to)?;
        Ok(self.position)
    }
}

fn room(size: u64, position: u64, wanted: usize) -> usize {
    let left = size.saturating_sub(position);
    usize::try_from(left).unwrap_or(usize::MAX).min(wanted)
}

fn sought(size: u64, position: u64, to: SeekFrom) -> io::Result<u64> {
    let target = match to {
        SeekFrom::Start(offset) => Some(offset),
        SeekFrom::End(offset) => size.checked_add_signed(offset),
        SeekFrom::Current(offset) => position.checked_add_signed(offset),
    };
    target.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}
