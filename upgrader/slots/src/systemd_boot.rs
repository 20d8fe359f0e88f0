//! systemd-boot's entries: one UKI a release in `EFI/Linux`, whose name carries its counter.
//!
//! Every change is one rename or one removal, flushed before it is called done (docs/design/slots.md says what a power cut
//! before, in and after each leaves). A program is written under a name that the boot loader does not start, flushed and read
//! back from the device, before a rename makes it an entry.

use crate::folder::{Folder, check, failure};
use crate::{Counter, Entry, EntryName, SlotsError, Writing};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

mod careful;

/// A program that waits to become an entry.
const WAITING: &str = ".new";
/// What is written and read back to see whether the partition takes writes.
const PROBE: &str = "holdfast-probe";

/// A mounted boot partition with systemd-boot's entries.
#[derive(Debug, Clone)]
pub struct SystemdBoot {
    folder: Folder,
}

impl SystemdBoot {
    /// The entries on the boot partition that is mounted at `partition`.
    pub fn new(partition: &Path) -> Self {
        Self {
            folder: Folder::on(partition),
        }
    }

    /// All entries of ours, by file name. Files of others are left out.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, SlotsError> {
        let files = self.folder.list()?;
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

    /// The program of the entry of this name.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn program_of(&self, name: &EntryName) -> Result<Option<PathBuf>, SlotsError> {
        let entry = self.find(name)?;
        Ok(entry.map(|entry| self.folder.join(&entry.file())))
    }

    /// The program that waits to become the entry of this name.
    pub fn waiting_program_of(&self, name: &EntryName) -> Option<PathBuf> {
        Some(self.waiting(name)).filter(|path| path.is_file())
    }

    /// Whether a program waits to become the entry of this name.
    pub fn waits(&self, name: &EntryName) -> bool {
        self.waiting_program_of(name).is_some()
    }

    /// Begins to write a program of `size` bytes beside the entries; it is no entry yet.
    ///
    /// # Errors
    /// No room, or the file cannot be made.
    pub fn begin(&self, name: &EntryName, size: u64) -> Result<Writing, SlotsError> {
        Ok(Writing::of_file(
            self.folder.begin(self.waiting(name), size)?,
        ))
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
        self.folder
            .rename(&self.waiting(name), &self.folder.join(&entry.file()))
    }

    /// Takes the entry out of the boot loader's sight: its program waits again.
    ///
    /// # Errors
    /// It is not there, or the rename failed.
    pub fn disarm(&self, name: &EntryName) -> Result<(), SlotsError> {
        let now = self
            .find(name)?
            .ok_or_else(|| SlotsError::Missing(name.to_string()))?;
        self.folder
            .rename(&self.folder.join(&now.file()), &self.waiting(name))
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
        self.folder.rename(
            &self.folder.join(&now.file()),
            &self.folder.join(&wanted.file()),
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
                self.folder.remove(&self.folder.join(&entry.file()))?;
            }
        }
        for file in self.folder.list()? {
            let path = self.folder.join(&file);
            let waiting = file.ends_with(WAITING);
            if waiting && !kept.iter().any(|name| path == self.waiting(name)) {
                self.folder.remove(&path)?;
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
        self.folder.remove(&path)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = options.open(&path).map_err(failure("write", &path))?;
        file.write_all(content)
            .and_then(|()| file.sync_all())
            .map_err(failure("write", &path))?;
        drop(file);
        self.folder.flush()?;
        let proof = check(path.clone(), &host::digest::of_bytes(content));
        self.folder.remove(&path)?;
        proof
    }

    /// Checks that `needed` bytes are free.
    ///
    /// # Errors
    /// They are not.
    pub fn check_room(&self, needed: u64) -> Result<(), SlotsError> {
        self.folder.check_room(needed)
    }

    fn waiting(&self, name: &EntryName) -> PathBuf {
        self.folder.join(&format!("{name}{WAITING}"))
    }
}

#[cfg(test)]
mod tests;
