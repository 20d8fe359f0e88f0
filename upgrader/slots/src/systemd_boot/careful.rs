//! What must go well even where a rename does not.
//!
//! A file's entry in a folder of FAT is as long as its name, and may stand in two sectors. A cut in a rename can then leave the
//! file under neither name, under both, or under its short one (`HOLDFA~1.EFI`), which the boot loader starts uncounted.

use super::SystemdBoot;
use crate::aside::aside;
use crate::folder::failure;
use crate::{Counter, DirectReader, Entry, EntryName, SlotsError};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// How the short names of our files begin.
const SHORT: &str = "holdfa~";
const PIECE: usize = 1 << 20;

impl SystemdBoot {
    /// As [`SystemdBoot::count`], for the last good release: the entry is copied under its new name and read back before its old
    /// one goes, so that at every moment a whole one is there.
    ///
    /// # Errors
    /// It is not there, there is no room, or the disk does not take it.
    pub fn count_by_copy(
        &self,
        name: &EntryName,
        counter: Option<Counter>,
    ) -> Result<(), SlotsError> {
        let now = self
            .find(name)?
            .ok_or_else(|| SlotsError::Missing(name.to_string()))?;
        let wanted = Entry {
            name: name.clone(),
            counter,
        };
        if now != wanted {
            let from = self.folder.join(&now.file());
            self.copy(&from, name)?;
            self.folder
                .rename(&self.waiting(name), &self.folder.join(&wanted.file()))?;
        }
        for other in self.entries()? {
            if other.name == *name && other != wanted {
                self.folder.remove(&self.folder.join(&other.file()))?;
            }
        }
        Ok(())
    }

    /// Checks that there is room for [`SystemdBoot::count_by_copy`].
    ///
    /// # Errors
    /// There is not, or the entry is not there.
    pub fn check_room_to_copy(&self, name: &EntryName) -> Result<(), SlotsError> {
        let entry = self
            .find(name)?
            .ok_or_else(|| SlotsError::Missing(name.to_string()))?;
        let path = self.folder.join(&entry.file());
        let about = fs::metadata(&path).map_err(failure("look at", &path))?;
        self.check_room(about.len())
    }

    /// Makes files under short names, which a cut in a rename left, such that no boot loader starts them.
    ///
    /// # Errors
    /// The folder cannot be read, or a file not be renamed.
    pub fn set_strays_aside(&self) -> Result<(), SlotsError> {
        for file in self.folder.list()? {
            let path = self.folder.join(&file);
            let name = file.to_ascii_lowercase();
            if name.starts_with(SHORT) && name.ends_with(".efi") {
                self.folder.rename(&path, &aside(&path))?;
            }
        }
        Ok(())
    }

    fn copy(&self, from: &Path, name: &EntryName) -> Result<(), SlotsError> {
        let sha256 = DirectReader::open(from)
            .and_then(|mut reader| host::digest::of_stream(&mut reader))
            .map_err(failure("read", from))?;
        let waiting = self.waiting(name);
        // A copy that was cut, which may have no bytes or, by a rename that was cut, those of the entry.
        if waiting.is_file() {
            self.folder.rename(&waiting, &aside(&waiting))?;
        }
        let failed = failure("read", from);
        let mut file = File::open(from).map_err(&failed)?;
        let size = file.metadata().map_err(&failed)?.len();
        let mut writing = self.begin(name, size)?;
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece).map_err(&failed)? {
                0 => break,
                length => std::thread::sleep(writing.write(&piece[..length])?),
            }
        }
        writing.finish(&sha256)
    }
}
