//! A part of a disk image as a disk of its own.

use std::io::{self, Read, Seek, SeekFrom, Write};

/// The `length` bytes at `start` of a larger disk: reads end there, writes beyond are refused.
#[derive(Debug)]
pub struct Window<D> {
    disk: D,
    start: u64,
    length: u64,
    position: u64,
}

impl<D: Seek> Window<D> {
    /// A window onto `disk`, standing at its first byte.
    ///
    /// # Errors
    /// When the disk ends before the window does, or cannot be sought.
    pub fn new(mut disk: D, start: u64, length: u64) -> io::Result<Self> {
        let end = disk.seek(SeekFrom::End(0))?;
        if start.checked_add(length).is_none_or(|wanted| wanted > end) {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the disk has {end} bytes, {length} bytes at {start} were asked for"),
            ));
        }
        disk.seek(SeekFrom::Start(start))?;
        Ok(Self {
            disk,
            start,
            length,
            position: 0,
        })
    }

    /// How much of `wanted` bytes is left before the window's end.
    fn room(&self, wanted: usize) -> usize {
        let left = self.length.saturating_sub(self.position);
        usize::try_from(left).unwrap_or(usize::MAX).min(wanted)
    }
}

impl<D: Read + Seek> Read for Window<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.room(buffer.len());
        self.disk
            .seek(SeekFrom::Start(self.start + self.position))?;
        let count = self.disk.read(&mut buffer[..room])?;
        self.position += count as u64;
        Ok(count)
    }
}

impl<D: Write + Seek> Write for Window<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room(bytes.len());
        self.disk
            .seek(SeekFrom::Start(self.start + self.position))?;
        let count = self.disk.write(&bytes[..room])?;
        self.position += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.disk.flush()
    }
}

impl<D: Seek> Seek for Window<D> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        // Positions behind the end are allowed, as on a file; they must not overflow the disk's.
        match target.filter(|position| self.start.checked_add(*position).is_some()) {
            Some(position) => {
                self.position = position;
                Ok(position)
            }
            None => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "seek before the start",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn stays_inside() {
        let mut disk = Cursor::new((0_u8..100).collect::<Vec<_>>());
        let mut window = Window::new(&mut disk, 10, 20).unwrap();
        let mut all = Vec::new();
        window.read_to_end(&mut all).unwrap();
        assert_eq!(all, (10..30).collect::<Vec<u8>>());
        window.seek(SeekFrom::End(-2)).unwrap();
        let error = window.write_all(&[1, 2, 3]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
        assert_eq!(disk.get_ref()[28..32], [1, 2, 30, 31]);
    }

    #[test]
    fn refuses_what_the_disk_has_not() {
        let error = Window::new(Cursor::new(vec![0; 100]), 90, 11).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the disk has 100 bytes, 11 bytes at 90 were asked for"
        );
        assert!(Window::new(Cursor::new(vec![0; 100]), u64::MAX, 11).is_err());
    }
}
