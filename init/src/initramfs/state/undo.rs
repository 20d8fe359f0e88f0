//! Undo files of repairs: what `e2fsck` overwrites, so that `e2undo` can bring it back.
//!
//! # Flow
//! While a repair runs its undo file is on CONFIG, where a power cut leaves it, or in memory. When state can be used again, all
//! of them are copied to it, flushed, and removed from CONFIG, which has to have room for `config.yaml`.

use super::repair::UndoPlace;
use crate::report::Log;
use host::with_causes;
use rustix::fs::statvfs;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use slots::Mounted;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where they are mounted, below the root whose `e2fsck` writes to them.
const CONFIG: &str = "run/holdfast/state-undo/config";
const MEMORY: &str = "run/holdfast/state-undo/memory";
/// An undo file with less room is not worth to be begun, in bytes.
const LEAST_ROOM: u64 = 4 * 1024 * 1024;
const BEGINNING: &str = "state-repair-";
const ENDING: &str = ".e2undo";

/// The places that are open.
#[derive(Debug)]
pub(super) struct Undo<'a> {
    root: &'a Path,
    /// CONFIG's device.
    config: Option<&'a Path>,
    log: &'a Log,
    mounted: Option<Mounted>,
    /// Memory, once it is mounted.
    pub(super) memory: Option<PathBuf>,
}

impl<'a> Undo<'a> {
    /// Nothing is opened yet.
    pub(super) fn new(root: &'a Path, config: Option<&'a Path>, log: &'a Log) -> Self {
        Self {
            root,
            config,
            log,
            mounted: None,
            memory: None,
        }
    }

    /// A new undo file at this place, as a path below the root; none if it has no room.
    pub(super) fn file(&mut self, place: UndoPlace) -> Option<String> {
        let folder = match place {
            UndoPlace::Config => self.open_config()?,
            UndoPlace::Memory => self.open_memory()?,
            UndoPlace::Nowhere => return None,
        };
        let file = new_file(&folder)?;
        let below = file.strip_prefix(self.root).ok()?;
        Some(format!("/{}", below.display()))
    }

    /// Forgets a file of [`Undo::file`]: nothing was done, and what is in it is none.
    pub(super) fn discard(&self, file: &str) {
        // One that stays is kept with the others, which does no harm.
        let _ = host::file::remove(&self.root.join(file.trim_start_matches('/')));
    }

    fn open_config(&mut self) -> Option<PathBuf> {
        if self.mounted.is_none() {
            match Mounted::open(self.config?, &self.root.join(CONFIG)) {
                Ok(mounted) => self.mounted = Some(mounted),
                Err(error) => self.log.error(&with_causes(&error)),
            }
        }
        Some(self.mounted.as_ref()?.folder().into())
    }

    fn open_memory(&mut self) -> Option<PathBuf> {
        if self.memory.is_none() {
            let folder = self.root.join(MEMORY);
            let made = fs::create_dir_all(&folder).and_then(|()| {
                let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
                mount("tmpfs", &folder, "tmpfs", flags, c"mode=0700,size=10%").map_err(Into::into)
            });
            match made {
                Ok(()) => self.memory = Some(folder),
                Err(error) => {
                    let line = format!("cannot mount memory for an undo file: {error}");
                    self.log.error(&line);
                }
            }
        }
        self.memory.clone()
    }

    /// Copies all undo files into `folder` on state, in the order in which they were made; gives their names there.
    pub(super) fn keep(&mut self, folder: &Path) -> Vec<String> {
        // Those of a repair that a power cut ended, too.
        let config = self.open_config();
        let all = [config, self.memory.clone()];
        let mut kept = Vec::new();
        for from in all.iter().flatten().flat_map(|place| files(place)) {
            // Two places count from one each.
            let name = format!("{}{}{ENDING}", BEGINNING, kept.len() + 1);
            match keep_one(&from, &folder.join(&name)) {
                Ok(()) => kept.push(name),
                Err(error) => {
                    let line = format!("cannot keep {}: {error}", from.display());
                    self.log.error(&line);
                }
            }
        }
        kept
    }

    /// Removes from CONFIG what was kept, once its record is on state.
    pub(super) fn clear(&mut self) {
        let config = self.mounted.as_ref().map(|mounted| files(mounted.folder()));
        for file in config.into_iter().flatten() {
            if let Err(error) = host::file::remove_for_good(&file) {
                let line = format!("cannot remove {}: {error}", file.display());
                self.log.error(&line);
            }
        }
    }
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(memory) = &self.memory {
            // Memory that stays taken until the next boot.
            let _ = unmount(memory, UnmountFlags::DETACH);
        }
    }
}

/// A name that is free, if the folder has room.
fn new_file(folder: &Path) -> Option<PathBuf> {
    let room = statvfs(folder).ok()?;
    if room.f_bavail.saturating_mul(room.f_frsize) < LEAST_ROOM {
        return None;
    }
    (1..=9)
        .map(|n| folder.join(format!("{BEGINNING}{n}{ENDING}")))
        .find(|file| !file.exists())
}

/// The undo files in a folder, the oldest first.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(BEGINNING) && name.ends_with(ENDING)
        })
        .collect();
    files.sort();
    files
}

/// Half of what is free stays free.
fn keep_one(from: &Path, to: &Path) -> io::Result<()> {
    let room = statvfs(to.parent().unwrap_or(to))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if fs::metadata(from)?.len() > free / 2 {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let mut target = File::options().write(true).create_new(true).open(to)?;
    io::copy(&mut File::open(from)?, &mut target)?;
    target.sync_all()
}
