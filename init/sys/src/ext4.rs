//! Growing a mounted ext4.

use crate::ioctl::{WRITE, ioctl, request};
use std::io;
use std::os::fd::AsFd;

const EXT4_IOC_RESIZE_FS: u32 = request(WRITE, b'f', 16, size_of::<u64>());

/// Grows the mounted file system that `folder` lies in to `blocks` of its own block size.
///
/// # Errors
/// The device is smaller than that, or the file system is not a writable ext4.
pub fn grow_ext4(folder: impl AsFd, blocks: u64) -> io::Result<()> {
    let mut blocks = blocks;
    // SAFETY: EXT4_IOC_RESIZE_FS reads one u64.
    unsafe { ioctl(folder.as_fd(), EXT4_IOC_RESIZE_FS, &mut blocks) }.map(drop)
}
