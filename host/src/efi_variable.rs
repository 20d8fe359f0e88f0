//! Variables of the firmware, which the kernel shows as files (efivarfs).

use rustix::mount::{MountFlags, mount_remount};
use std::io;
use std::path::Path;

/// What stands before the value in each file. So: kept over a restart, seen by boot loader and system (UEFI 2.10, 8.2).
pub const ATTRIBUTES: [u8; 4] = [7, 0, 0, 0];

/// The content of a file with this value.
pub fn with_attributes(value: impl IntoIterator<Item = u8>) -> Vec<u8> {
    ATTRIBUTES.into_iter().chain(value).collect()
}

/// Writes the file of a variable, `NAME-VENDOR`, with its attributes. `folder` is where efivarfs is mounted, read-only until then.
///
/// # Errors
/// The machine has no EFI variables, or its firmware does not take this one.
#[expect(
    clippy::disallowed_methods,
    reason = "a file of the kernel: one write is the variable"
)]
pub fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount_remount(folder, flags, c"")?;
    std::fs::write(folder.join(name), content)
}
