//! Opening and mounting the verity root.

use super::read_ahead;
use crate::memory;
use disk::layout::{FoundSlot, WantedRoot};
use rustix::mount::{MountFlags, mount, mount_bind_recursive};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The root cannot be opened.
#[derive(Debug, Error)]
pub(crate) enum RootError {
    /// The kernel knows no such partition.
    #[error("the kernel knows no partition {number} on {disk}")]
    Partition {
        /// The disk.
        disk: String,
        /// The partition's number.
        number: u32,
    },
    /// Device mapper or dm-verity refuses.
    #[error("cannot open {node} with dm-verity")]
    Verity {
        /// The partition.
        node: PathBuf,
        /// Why; the kernel's log may say more.
        source: io::Error,
    },
    /// The file system cannot be mounted.
    #[error("cannot mount {from} at {target}")]
    Mount {
        /// What.
        from: PathBuf,
        /// Where.
        target: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The folders of the initramfs that the root gets, too.
pub(super) const SHARED: [&str; 4] = ["dev", "proc", "sys", "run"];

/// Opens the partition `node` with dm-verity and mounts it at `target`.
pub(super) fn open(
    node: &Path,
    slot: &FoundSlot,
    root: &WantedRoot,
    dev: &Path,
    target: &Path,
) -> Result<(), RootError> {
    let failure = |source| RootError::Verity {
        node: node.into(),
        source,
    };
    let parameters = slot
        .superblock
        .mapper_parameters(&node.to_string_lossy(), root.hash);
    let mapping = sys::Target {
        kind: "verity",
        sectors: root.size / 512,
        parameters: &parameters,
    };
    let number = sys::Mapper::open()
        .and_then(|mapper| mapper.create_read_only("root", mapping))
        .map_err(failure)?;
    let name = format!("dm-{number}");
    // The machine boots without it, too.
    let _ = read_ahead::limit(&dev.with_file_name("sys"), &name, memory::all());
    let device = dev.join(name);
    std::fs::create_dir_all(target)
        .and_then(|()| {
            mount(
                &device,
                target,
                "erofs",
                MountFlags::RDONLY | MountFlags::NODEV,
                c"",
            )
            .map_err(io::Error::from)
        })
        .map_err(|source| RootError::Mount {
            from: device,
            target: target.into(),
            source,
        })
}

/// Lets the mounted root see `/dev`, `/proc`, `/sys` and `/run`: programs of it are run before it takes over.
pub(super) fn share(from: &Path, target: &Path) -> Result<(), RootError> {
    SHARED.iter().try_for_each(|name| {
        let (from, target) = (from.join(name), target.join(name));
        mount_bind_recursive(&from, &target).map_err(|source| RootError::Mount {
            from,
            target,
            source: source.into(),
        })
    })
}
