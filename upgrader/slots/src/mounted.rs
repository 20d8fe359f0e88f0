//! The boot partition, mounted only while something is written to it: what is not mounted cannot be damaged by a power cut.

use crate::SlotsError;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A mounted boot partition. Unmounted when this is dropped.
#[derive(Debug)]
pub struct Mounted {
    folder: PathBuf,
}

impl Mounted {
    /// Mounts `device`, a FAT file system, for writing at `folder`, which is made.
    ///
    /// # Errors
    /// The kernel refuses: the partition is damaged, or its disk takes no writes.
    pub fn open(device: &Path, folder: &Path) -> Result<Self, SlotsError> {
        let failure = |source: io::Error| SlotsError::Mount {
            device: device.into(),
            source,
        };
        fs::create_dir_all(folder).map_err(failure)?;
        // One that a killed process left.
        let _ = unmount(folder, UnmountFlags::DETACH);
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        mount(
            device,
            folder,
            "vfat",
            flags,
            c"umask=0077,errors=remount-ro",
        )
        .map_err(|error| failure(error.into()))?;
        Ok(Self {
            folder: folder.into(),
        })
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Everything was flushed by whoever wrote it; a mount that stays is taken away before the next one.
        let _ = unmount(&self.folder, UnmountFlags::empty());
    }
}
