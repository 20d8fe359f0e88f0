//! Reading what is on the device: `O_DIRECT` goes past the kernel's memory of what was written (open(2)).

use host::pace;
use rustix::fs::{Mode, OFlags, open};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::thread;
use std::time::Instant;

/// What any disk's sectors and any file system's blocks are aligned to.
const ALIGNMENT: usize = 4096;
/// How much is read at once.
const WINDOW: usize = 256 << 10;

/// A file or block device, read from the device. Constant memory.
#[derive(Debug)]
pub struct DirectReader {
    file: File,
    /// Room for a window that begins at an aligned address.
    room: Vec<u8>,
    start: usize,
    /// Where the window was read, and how much of it is there.
    at: u64,
    filled: usize,
    position: u64,
    /// Whether the disk is left to others after each window.
    paced: bool,
}

impl DirectReader {
    /// Opens `path`. A file system that cannot read past the kernel's memory (one in memory) is read as it can be.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = match open(path, flags | OFlags::DIRECT, Mode::empty()) {
            Err(rustix::io::Errno::INVAL) => open(path, flags, Mode::empty())?,
            opened => opened?,
        };
        let room = vec![0; WINDOW + ALIGNMENT];
        let start = room.as_ptr().align_offset(ALIGNMENT);
        Ok(Self {
            file: file.into(),
            room,
            start,
            at: 0,
            filled: 0,
            position: 0,
            paced: false,
        })
    }

    /// Leaves a slow disk to others after each part, for as long as that took: for much that is read while a node runs.
    #[must_use]
    pub fn paced(self) -> Self {
        Self {
            paced: true,
            ..self
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let aligned = self.position - self.position % ALIGNMENT as u64;
        self.file.seek(SeekFrom::Start(aligned))?;
        let window = &mut self.room[self.start..self.start + WINDOW];
        self.filled = 0;
        self.at = aligned;
        // A short read stands at the end; it need not be a whole block, so no second one may follow.
        let began = Instant::now();
        self.filled = self.file.read(window)?;
        if self.paced {
            thread::sleep(pace::pause(self.filled as u64, began.elapsed()));
        }
        Ok(())
    }
}

impl Read for DirectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let inside = self.at..self.at + self.filled as u64;
        if !inside.contains(&self.position) {
            self.fill()?;
        }
        let from = (self.position - self.at) as usize;
        if from >= self.filled {
            return Ok(0);
        }
        let length = buffer.len().min(self.filled - from);
        let from = self.start + from;
        buffer[..length].copy_from_slice(&self.room[from..from + length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for DirectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::Current(by) => self
                .position
                .checked_add_signed(by)
                .ok_or(io::ErrorKind::InvalidInput)?,
            SeekFrom::End(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::{DirectReader, WINDOW};
    use std::io::{Read, Seek, SeekFrom};

    #[test]
    fn every_part_comes_as_it_is_in_the_file() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("file");
        let content: Vec<u8> = (0..WINDOW * 2 + 777).map(|i| (i * 7 / 5) as u8).collect();
        std::fs::write(&path, &content).expect("written");
        let mut reader = DirectReader::open(&path).expect("opened");
        let mut all = Vec::new();
        reader.read_to_end(&mut all).expect("read");
        assert!(all == content, "the whole");
        for (at, length) in [
            (0, 1),
            (4095, 2),
            (WINDOW - 1, 2),
            (WINDOW * 2, 777),
            (5, WINDOW),
        ] {
            reader.seek(SeekFrom::Start(at as u64)).expect("a place");
            let mut part = vec![0; length];
            reader.read_exact(&mut part).expect("there");
            assert!(part == content[at..at + length], "{length} at {at}");
        }
        reader
            .seek(SeekFrom::Start(content.len() as u64))
            .expect("the end");
        assert_eq!(reader.read(&mut [0; 10]).expect("nothing"), 0);
    }
}
