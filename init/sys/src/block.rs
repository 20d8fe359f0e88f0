//! Block devices: size, sector size, partition table.

use crate::ioctl::{NONE, READ, ioctl, ioctl_none, request};
use std::io;
use std::os::fd::AsFd;

const BLKRRPART: u32 = request(NONE, 0x12, 95, 0);
const BLKSSZGET: u32 = request(NONE, 0x12, 104, 0);
const BLKGETSIZE64: u32 = request(READ, 0x12, 114, size_of::<usize>());

/// The device's size in bytes.
///
/// # Errors
/// It is not a block device, or it is gone.
pub fn size(device: impl AsFd) -> io::Result<u64> {
    let mut bytes = 0_u64;
    // SAFETY: BLKGETSIZE64 writes one u64 (its number says size_t for historic reasons).
    unsafe { ioctl(device.as_fd(), BLKGETSIZE64, &mut bytes) }?;
    Ok(bytes)
}

/// The size of its logical sectors in bytes: the unit of a partition table.
///
/// # Errors
/// It is not a block device, or it is gone.
pub fn sector_size(device: impl AsFd) -> io::Result<u32> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: BLKSSZGET writes one int.
    unsafe { ioctl(device.as_fd(), BLKSSZGET, &mut bytes) }?;
    u32::try_from(bytes).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// Makes the kernel read the partition table anew; its partitions' device nodes are there when this returns.
///
/// # Errors
/// A partition is in use (`EBUSY`), or it is not a whole disk.
pub fn reread_table(device: impl AsFd) -> io::Result<()> {
    ioctl_none(device.as_fd(), BLKRRPART)
}
