//! systemd-boot's entries: one UKI a release in `EFI/Linux`, whose name carries its counter.
//!
//! Every change is one rename or one removal, flushed before it is called done (docs/design/slots.md says what a power cut
//! before, in and after each leaves). A program is written under a name that the boot loader does not start, flushed and read
//! back from the device, before a rename makes it an entry.

use crate::{Counter, DirectReader, Entry, EntryName, SlotsError};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

mod aside;
mod careful;

/// Where entries are, on the boot partition.
const FOLDER: &str = "EFI/Linux";
/// A program that waits to become an entry.
const WAITING: &str = ".new";
/// What is written and read back to see whether the partition takes writes.
const PROBE: &str = "holdfast-probe";

/// A mounted boot partition with systemd-boot's entries.
#[derive(Debug, Clone)]
pub struct SystemdBoot {
    folder: PathBuf,
}

/// A program that is being written beside the entries. Dropped before [`Writing::finish`], it leaves a file that no boot
/// loader starts and that the next one of its name replaces.
#[derive(Debug)]
pub struct Writing {
    boot: SystemdBoot,
    path: PathBuf,
    file: File,
}

impl SystemdBoot {
    /// The entries on the boot partition that is mounted at `partition`.
    pub fn new(partition: &Path) -> Self {
        Self {
            folder: partition.join(FOLDER),
        }
    }

    /// All entries of ours, by file name. Files of others are left out.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, SlotsError> {
        let mut files: Vec<String> = fs::read_dir(&self.folder)
            .and_then(|files| {
                files
                    .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
                    .collect()
            })
            .map_err(self.failure("list", ""))?;
        files.sort_unstable();
        Ok(files
            .iter()
            .filter_map(|file| Entry::of_file(file))
            .collect())
    }

    /// The entry of this name, with whatever counter. Of two, which a power cut can leave, the one without: it is not on trial.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn find(&self, name: &EntryName) -> Result<Option<Entry>, SlotsError> {
        let entries = self.entries()?.into_iter();
        Ok(entries
            .filter(|entry| entry.name == *name)
            .min_by_key(|entry| entry.counter.is_some()))
    }

    /// Whether a program waits to become the entry of this name.
    pub fn waits(&self, name: &EntryName) -> bool {
        self.waiting(name).is_file()
    }

    /// Begins to write a program of `size` bytes beside the entries; it is no entry yet.
    ///
    /// # Errors
    /// No room, or the file cannot be made.
    pub fn begin(&self, name: &EntryName, size: u64) -> Result<Writing, SlotsError> {
        let path = self.waiting(name);
        self.remove(&path)?;
        self.check_room(size)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let file = options.open(&path).map_err(failure("make", &path))?;
        Ok(Writing {
            boot: self.clone(),
            path,
            file,
        })
    }

    /// Checks the digest of a program that waits, as it is on the device.
    ///
    /// # Errors
    /// It is not there, or not what it was.
    pub fn check_waiting(&self, name: &EntryName, sha256: &str) -> Result<(), SlotsError> {
        let path = self.waiting(name);
        if !path.is_file() {
            return Err(SlotsError::Missing(name.to_string()));
        }
        check(path, sha256)
    }

    /// Makes the program that waits an entry with `tries` tries: from here on, the boot loader may start it.
    ///
    /// # Errors
    /// It is not there, or the rename failed.
    pub fn arm(&self, name: &EntryName, tries: u32) -> Result<(), SlotsError> {
        if !self.waits(name) {
            return Err(SlotsError::Missing(name.to_string()));
        }
        let entry = Entry {
            name: name.clone(),
            counter: Some(Counter::fresh(tries)),
        };
        self.rename(&self.waiting(name), &self.folder.join(entry.file()))
    }

    /// Takes the entry out of the boot loader's sight: its program waits again.
    ///
    /// # Errors
    /// It is not there, or the rename failed.
    pub fn disarm(&self, name: &EntryName) -> Result<(), SlotsError> {
        let now = self
            .find(name)?
            .ok_or_else(|| SlotsError::Missing(name.to_string()))?;
        self.rename(&self.folder.join(now.file()), &self.waiting(name))
    }

    /// Gives the entry another counter, or none: then it is good for ever. A power cut may lose the entry: not for the last good
    /// one, which [`SystemdBoot::count_by_copy`] is for.
    ///
    /// # Errors
    /// It is not there, or the rename failed.
    pub fn count(&self, name: &EntryName, counter: Option<Counter>) -> Result<(), SlotsError> {
        let now = self
            .find(name)?
            .ok_or_else(|| SlotsError::Missing(name.to_string()))?;
        let wanted = Entry {
            name: name.clone(),
            counter,
        };
        if now == wanted {
            return Ok(());
        }
        self.rename(
            &self.folder.join(now.file()),
            &self.folder.join(wanted.file()),
        )
    }

    /// Takes every entry and every waiting program away but those of `kept`, and sets strays aside.
    ///
    /// # Errors
    /// One cannot be removed.
    pub fn keep_only(&self, kept: &[&EntryName]) -> Result<(), SlotsError> {
        self.set_strays_aside()?;
        for entry in self.entries()? {
            if !kept.contains(&&entry.name) {
                self.remove(&self.folder.join(entry.file()))?;
            }
        }
        let files = fs::read_dir(&self.folder).map_err(self.failure("list", ""))?;
        for file in files {
            let path = file.map_err(self.failure("list", ""))?.path();
            let waiting = path.to_string_lossy().ends_with(WAITING);
            if waiting && !kept.iter().any(|name| path == self.waiting(name)) {
                self.remove(&path)?;
            }
        }
        Ok(())
    }

    /// Proves that the partition takes writes: writes a small file, flushes it, reads it back from the device, removes it.
    /// systemd-boot goes on silently when it cannot lower a counter, and would then start a bad release for ever.
    ///
    /// # Errors
    /// It does not take or does not keep them.
    pub fn prove_writable(&self, content: &[u8]) -> Result<(), SlotsError> {
        let path = self.folder.join(PROBE);
        self.remove(&path)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = options.open(&path).map_err(failure("write", &path))?;
        file.write_all(content)
            .and_then(|()| file.sync_all())
            .map_err(failure("write", &path))?;
        drop(file);
        self.flush()?;
        let proof = check(path.clone(), &host::digest::of_bytes(content));
        self.remove(&path)?;
        proof
    }

    /// Checks that `needed` bytes are free.
    ///
    /// # Errors
    /// They are not.
    pub fn check_room(&self, needed: u64) -> Result<(), SlotsError> {
        let about = rustix::fs::statvfs(&self.folder)
            .map_err(|error| self.failure("look at", "")(error.into()))?;
        let free = about.f_bavail * about.f_frsize;
        if free >= needed {
            Ok(())
        } else {
            Err(SlotsError::Full { free, needed })
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), SlotsError> {
        fs::rename(from, to).map_err(failure("rename", from))?;
        self.flush()
    }

    /// Removes a file, if it is there, in two steps: its name first, then its bytes. A cut in a removal can leave a name whose
    /// bytes are free already, which no program may have.
    fn remove(&self, path: &Path) -> Result<(), SlotsError> {
        if !path.is_file() {
            return Ok(());
        }
        let nameless = aside::aside(path);
        self.rename(path, &nameless)?;
        host::file::remove_for_good(&nameless).map_err(failure("remove", &nameless))?;
        self.flush()
    }

    /// Brings all of the file system to the device, and has that keep it. In this order: a file that was renamed stands in its
    /// folder without its length and place until the file system is written as a whole; and only a flush of the folder makes the
    /// device keep what it has (vfat's `syncfs` does not).
    fn flush(&self) -> Result<(), SlotsError> {
        let folder = File::open(&self.folder).map_err(self.failure("open", ""))?;
        rustix::fs::syncfs(&folder).map_err(|error| self.failure("flush", "")(error.into()))?;
        folder.sync_all().map_err(self.failure("flush", ""))
    }

    fn waiting(&self, name: &EntryName) -> PathBuf {
        self.folder.join(format!("{name}{WAITING}"))
    }

    fn failure(&self, what: &'static str, name: &str) -> impl Fn(io::Error) -> SlotsError + use<> {
        failure(what, &self.folder.join(name))
    }
}

impl Writing {
    /// Writes the next bytes.
    ///
    /// # Errors
    /// The disk does not take them.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), SlotsError> {
        let written = self.file.write_all(bytes);
        written.map_err(failure("write", &self.path))
    }

    /// Flushes the program and reads it back from the device: it must be what has this SHA-256.
    ///
    /// # Errors
    /// It is something else; it is gone then.
    pub fn finish(self, sha256: &str) -> Result<(), SlotsError> {
        let Self { boot, path, file } = self;
        file.sync_all().map_err(failure("flush", &path))?;
        drop(file);
        boot.flush()?;
        let checked = check(path.clone(), sha256);
        if checked.is_err() {
            // Of no use any more; why is what matters.
            let _ = boot.remove(&path);
        }
        checked
    }
}

/// Checks the digest of what is on the device.
fn check(path: PathBuf, expected: &str) -> Result<(), SlotsError> {
    let found = DirectReader::open(&path)
        .and_then(|mut reader| host::digest::of_stream(&mut reader))
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

fn failure(what: &'static str, path: &Path) -> impl Fn(io::Error) -> SlotsError + use<> {
    let path = path.to_path_buf();
    move |source| SlotsError::File {
        what,
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests;
