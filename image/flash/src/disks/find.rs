//! The disk that a person named.

use disk_devices::{Disk, ListError, Roots, list};
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// No disk can be told of.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The kernel's files are not there.
    #[error(transparent)]
    Kernel(#[from] ListError),
    /// No such device.
    #[error("cannot find {path}: `holdfast flash --list` shows what is plugged in")]
    NotThere {
        /// What was named.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file.
    #[error(
        "{0} is a file, and flash writes to cards and disks only: for a disk in a file unpack the image with `zstd -d`, or use `holdfast vm`"
    )]
    File(PathBuf),
    /// A folder, a terminal, anything.
    #[error("{0} is no disk: `holdfast flash --list` shows those that are plugged in")]
    NotADisk(PathBuf),
    /// A partition.
    #[error("{partition} is a partition: name the whole disk, /dev/{disk}")]
    Partition {
        /// What was named.
        partition: PathBuf,
        /// The disk that it is on.
        disk: String,
    },
}

/// The disk that somebody named by a path, of whatever kind.
///
/// # Errors
/// It is no whole disk.
pub fn find(roots: &Roots, path: &Path) -> Result<Disk, DiskError> {
    let not_there = |source| DiskError::NotThere {
        path: path.to_owned(),
        source,
    };
    let real = fs::canonicalize(path).map_err(not_there)?;
    let kind = fs::metadata(&real).map_err(not_there)?.file_type();
    if kind.is_file() {
        return Err(DiskError::File(path.to_owned()));
    }
    if !kind.is_block_device() {
        return Err(DiskError::NotADisk(path.to_owned()));
    }
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let disks = list(roots)?;
    if let Some(disk) = disks.iter().find(|disk| disk.name == name) {
        return Ok(disk.clone());
    }
    let has = |disk: &&Disk| disk.parts.iter().any(|part| part.name == name);
    Err(match disks.iter().find(has) {
        Some(disk) => DiskError::Partition {
            partition: path.to_owned(),
            disk: disk.name.clone(),
        },
        None => DiskError::NotADisk(path.to_owned()),
    })
}
