//! Mounting what holds a configuration, always read-only first.

use super::volume::{Kind, Volume};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use std::ffi::CString;
use std::io;
use std::path::Path;

/// Nothing on these volumes is a program or a device.
const SAFE: MountFlags = MountFlags::NODEV
    .union(MountFlags::NOSUID)
    .union(MountFlags::NOEXEC);

/// For ext4 that is only read.
const FOREIGN: &str = "noload,errors=continue";
/// A journal that is left out would be replayed later, by whoever mounts it next, over what was written meanwhile.
const FOREIGN_TO_WRITE: &str = "errors=continue";

/// Mounts a volume of the node read-only.
///
/// # Errors
/// The kernel's.
pub(crate) fn read_only(device: &Path, at: &Path, volume: &Volume) -> io::Result<()> {
    mounted(device, at, volume.kind, "")
}

/// Mounts a volume that somebody brought, to read it once. Its journal is not replayed, which would write to it and be more of a
/// foreign file system for the kernel to believe, and errors in it are errors: a superblock may say `errors=panic`.
///
/// # Errors
/// The kernel's.
pub(crate) fn foreign(device: &Path, at: &Path, volume: &Volume) -> io::Result<()> {
    mounted(device, at, volume.kind, FOREIGN)
}

/// Mounts a volume that somebody brought and that a person wants something written to, read-only at first.
///
/// # Errors
/// The kernel's.
pub(crate) fn foreign_to_write(device: &Path, at: &Path, volume: &Volume) -> io::Result<()> {
    mounted(device, at, volume.kind, FOREIGN_TO_WRITE)
}

fn mounted(device: &Path, at: &Path, kind: Kind, of_ext: &str) -> io::Result<()> {
    let options = CString::new(options(kind, of_ext)).map_err(io::Error::other)?;
    mount(
        device,
        at,
        kind.mount_type(),
        SAFE | MountFlags::RDONLY,
        options.as_c_str(),
    )
    .map_err(io::Error::from)
}

/// A configuration may hold tokens: only root reads it on the node.
fn options(kind: Kind, of_ext: &str) -> &str {
    match kind {
        Kind::Fat => "umask=0077,utf8=1",
        Kind::ExFat => "umask=0077,iocharset=utf8,errors=continue",
        Kind::Ext => of_ext,
    }
}

/// Makes a mounted volume writable or read-only again.
///
/// # Errors
/// The kernel's; a volume with a write-protect switch stays read-only.
pub(crate) fn set_writable(at: &Path, writable: bool) -> io::Result<()> {
    let flags = if writable {
        SAFE
    } else {
        SAFE | MountFlags::RDONLY
    };
    mount_remount(at, flags, "").map_err(io::Error::from)
}

/// Unmounts a volume.
///
/// # Errors
/// The kernel's.
pub(crate) fn detach(at: &Path) -> io::Result<()> {
    unmount(at, UnmountFlags::DETACH).map_err(io::Error::from)
}

/// Whether something is mounted at `at`, by a `/proc/self/mounts` text.
pub(crate) fn is_mounted(mounts: &str, at: &Path) -> bool {
    mounts.lines().any(|line| {
        line.split(' ')
            .nth(1)
            .is_some_and(|point| Path::new(point) == at)
    })
}

#[cfg(test)]
mod tests {
    use super::{FOREIGN, FOREIGN_TO_WRITE, Kind, options};

    /// `errors=panic` in a superblock would stop the node at the first error that the stick has.
    #[test]
    fn no_foreign_superblock_says_what_an_error_does() {
        for (of_ext, replays) in [(FOREIGN, false), (FOREIGN_TO_WRITE, true)] {
            let said: Vec<&str> = options(Kind::Ext, of_ext).split(',').collect();
            assert!(said.contains(&"errors=continue"), "{said:?}");
            assert_eq!(!said.contains(&"noload"), replays, "{said:?}");
            assert!(options(Kind::ExFat, of_ext).contains("errors=continue"));
        }
    }
}
