//! The kernel's file systems, as the initramfs stage needs them.

use rustix::mount::{MountFlags, mount};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Something cannot be mounted.
#[derive(Debug, Error)]
#[error("cannot mount {kind} at {target}")]
pub(crate) struct MountError {
    /// File system type.
    pub(crate) kind: &'static str,
    /// Where.
    pub(crate) target: PathBuf,
    /// Why.
    pub(crate) source: io::Error,
}

const QUIET: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);

/// `(type, path below the root, flags, data)`.
const MOUNTS: [(&str, &str, MountFlags, &std::ffi::CStr); 4] = [
    ("proc", "proc", QUIET, c""),
    ("sysfs", "sys", QUIET, c""),
    ("devtmpfs", "dev", MountFlags::NOSUID, c"mode=0755"),
    (
        "tmpfs",
        "run",
        MountFlags::NOSUID.union(MountFlags::NODEV),
        c"mode=0755,size=20%",
    ),
];

/// Mounts all of them below `root`.
///
/// # Errors
/// The first that cannot be mounted.
pub(super) fn kernel_file_systems(root: &Path) -> Result<(), MountError> {
    MOUNTS
        .iter()
        .try_for_each(|(kind, path, flags, data)| mount_one(kind, &root.join(path), *flags, data))
}

/// Mounts the EFI variables, where there is EFI.
pub(super) fn efi_variables(sys: &Path) -> Result<(), MountError> {
    let target = sys.join("firmware/efi/efivars");
    if !target.exists() {
        return Ok(());
    }
    mount_one("efivarfs", &target, QUIET.union(MountFlags::RDONLY), c"")
}

fn mount_one(
    kind: &'static str,
    target: &Path,
    flags: MountFlags,
    data: &std::ffi::CStr,
) -> Result<(), MountError> {
    let failure = |source: io::Error| MountError {
        kind,
        target: target.into(),
        source,
    };
    if !target.exists() {
        fs::create_dir_all(target).map_err(failure)?;
    }
    match mount(kind, target, kind, flags, data) {
        // The kernel may have mounted it for us.
        Ok(()) | Err(rustix::io::Errno::BUSY) => Ok(()),
        Err(error) => Err(failure(error.into())),
    }
}
