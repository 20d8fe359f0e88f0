//! What a slot is written to: a partition. Tests have one whose disk is failing.

use host::pace::Pace;
use rustix::fs::SeekFrom;
use slots::DirectReader;
use std::fmt::Debug;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A place for an image.
pub(crate) trait Medium: Debug + Send + Sync {
    /// Writes these bytes at this place. Tells how long to leave the disk to others before the next.
    ///
    /// # Errors
    /// The disk does not take them, or some before them.
    fn write(&self, bytes: &[u8], at: u64) -> io::Result<Duration>;

    /// Brings what was written to the disk.
    ///
    /// # Errors
    /// It does not take it.
    fn flush(&self) -> io::Result<()>;

    /// What is on the disk, past what the kernel remembers of a write.
    ///
    /// # Errors
    /// It cannot be opened.
    fn reader(&self) -> io::Result<Box<dyn ReadAnywhere + '_>>;
}

/// Can be read at any place.
pub(crate) trait ReadAnywhere: Read + Seek {}

impl<R: Read + Seek> ReadAnywhere for R {}

/// A partition, open for writing.
#[derive(Debug)]
pub(crate) struct Partition {
    device: PathBuf,
    file: File,
    pace: Mutex<Pace>,
}

impl Partition {
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn open(device: &Path) -> io::Result<Self> {
        Ok(Self {
            device: device.into(),
            file: File::options().write(true).open(device)?,
            pace: Mutex::default(),
        })
    }

    /// Its bytes.
    ///
    /// # Errors
    /// It does not say.
    pub(crate) fn size(&self) -> io::Result<u64> {
        Ok(rustix::fs::seek(&self.file, SeekFrom::End(0))?)
    }
}

impl Medium for Partition {
    fn write(&self, bytes: &[u8], at: u64) -> io::Result<Duration> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        self.file.write_all_at(bytes, at)?;
        pace.after(bytes.len(), &self.file)
    }

    fn flush(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn reader(&self) -> io::Result<Box<dyn ReadAnywhere + '_>> {
        Ok(Box::new(DirectReader::open(&self.device)?.paced()))
    }
}
