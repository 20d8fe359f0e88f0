//! The folder of programs on the boot partition, and how a file of it is written, checked and removed, whatever the boot loader is.

use crate::aside::aside;
use crate::{DirectReader, SlotsError};
use host::pace::Pace;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where programs are, on the boot partition.
const FOLDER: &str = "EFI/Linux";

/// The folder, on a mounted boot partition.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn on(partition: &Path) -> Self {
        Self {
            path: partition.join(FOLDER),
        }
    }

    pub(crate) fn join(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// The names of all files, in order.
    pub(crate) fn list(&self) -> Result<Vec<String>, SlotsError> {
        let mut files: Vec<String> = fs::read_dir(&self.path)
            .and_then(|files| {
                files
                    .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
                    .collect()
            })
            .map_err(failure("list", &self.path))?;
        files.sort_unstable();
        Ok(files)
    }

    /// Begins to write a file of `size` bytes in place of an older one.
    pub(crate) fn begin(&self, path: PathBuf, size: u64) -> Result<NewFile, SlotsError> {
        self.remove(&path)?;
        self.check_room(size)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let file = options.open(&path).map_err(failure("make", &path))?;
        Ok(NewFile {
            folder: self.clone(),
            path,
            file,
            pace: Pace::default(),
        })
    }

    pub(crate) fn check_room(&self, needed: u64) -> Result<(), SlotsError> {
        let about = rustix::fs::statvfs(&self.path)
            .map_err(|error| failure("look at", &self.path)(error.into()))?;
        let free = about.f_bavail * about.f_frsize;
        if free >= needed {
            Ok(())
        } else {
            Err(SlotsError::Full { free, needed })
        }
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), SlotsError> {
        fs::rename(from, to).map_err(failure("rename", from))?;
        self.flush()
    }

    /// Removes a file, if it is there, in two steps: its name first, then its bytes. A cut in a removal can leave a name whose
    /// bytes are free already, which no program may have.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), SlotsError> {
        if !path.is_file() {
            return Ok(());
        }
        let nameless = aside(path);
        self.rename(path, &nameless)?;
        host::file::remove_for_good(&nameless).map_err(failure("remove", &nameless))?;
        self.flush()
    }

    pub(crate) fn flush(&self) -> Result<(), SlotsError> {
        flush(&self.path)
    }
}

/// Brings all of the file system to the device, and has that keep it. In this order: a file that was renamed stands in its
/// folder without its length and place until the file system is written as a whole; and only a flush of the folder makes the
/// device keep what it has (vfat's `syncfs` does not).
pub(crate) fn flush(path: &Path) -> Result<(), SlotsError> {
    let folder = File::open(path).map_err(failure("open", path))?;
    rustix::fs::syncfs(&folder).map_err(|error| failure("flush", path)(error.into()))?;
    folder.sync_all().map_err(failure("flush", path))
}

/// A file that is being written. Dropped before [`NewFile::finish`], it stays as far as it came.
#[derive(Debug)]
pub(crate) struct NewFile {
    folder: Folder,
    path: PathBuf,
    file: File,
    pace: Pace,
}

impl NewFile {
    /// Writes the next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<Duration, SlotsError> {
        let written = self.file.write_all(bytes);
        written
            .and_then(|()| self.pace.after(bytes.len(), &self.file))
            .map_err(failure("write", &self.path))
    }

    /// Flushes the file and reads it back from the device: it must be what has this SHA-256, or it is gone then.
    pub(crate) fn finish(self, sha256: &str) -> Result<(), SlotsError> {
        let Self {
            folder, path, file, ..
        } = self;
        file.sync_all().map_err(failure("flush", &path))?;
        drop(file);
        folder.flush()?;
        let checked = check(path.clone(), sha256);
        if checked.is_err() {
            // Of no use any more; why is what matters.
            let _ = folder.remove(&path);
        }
        checked
    }
}

/// Checks the digest of what is on the device.
pub(crate) fn check(path: PathBuf, expected: &str) -> Result<(), SlotsError> {
    check_first(path, u64::MAX, expected)
}

/// The same of its first bytes.
pub(crate) fn check_first(path: PathBuf, size: u64, expected: &str) -> Result<(), SlotsError> {
    let found = DirectReader::open(&path)
        .and_then(|reader| host::digest::of_stream(&mut reader.take(size)))
        .map_err(failure("read back", &path))?;
    if found == expected {
        return Ok(());
    }
    Err(SlotsError::Changed {
        path,
        expected: expected.into(),
        found,
    })
}

pub(crate) fn failure(what: &'static str, path: &Path) -> impl Fn(io::Error) -> SlotsError + use<> {
    let path = path.to_path_buf();
    move |source| SlotsError::File {
        what,
        path: path.clone(),
        source,
    }
}
