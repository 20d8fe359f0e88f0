//! ioctl with an argument whose type the caller vouches for.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Calls `ioctl(fd, request, argument)`.
///
/// # Safety
/// `T` must be what the kernel reads and writes for `request`, in size and layout.
pub(crate) unsafe fn ioctl<T>(
    fd: BorrowedFd<'_>,
    request: u32,
    argument: &mut T,
) -> io::Result<i32> {
    let pointer = std::ptr::from_mut(argument);
    // SAFETY: the pointer is valid for `T` for the whole call; the caller vouches for the type.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request as libc::Ioctl, pointer) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Calls `ioctl(fd, request)` for a request without argument.
pub(crate) fn ioctl_none(fd: BorrowedFd<'_>, request: u32) -> io::Result<()> {
    // SAFETY: requests without argument read and write no memory of ours.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request as libc::Ioctl, 0) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// `_IOR`/`_IOW`/`_IOWR` as asm-generic has them, which both of our architectures use.
pub(crate) const fn request(direction: u32, kind: u8, number: u8, size: usize) -> u32 {
    (direction << 30) | ((size as u32) << 16) | ((kind as u32) << 8) | number as u32
}

pub(crate) const NONE: u32 = 0;
pub(crate) const WRITE: u32 = 1;
pub(crate) const READ: u32 = 2;
