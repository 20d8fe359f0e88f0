//! A block device as the target.

use crate::target::{Target, Zeroed};
use rustix::fs::{FallocateFlags, Mode, OFlags, fallocate, open};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A device could not be opened for writing. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not without root.
    #[error("{0} may only be written by root: run the same command with sudo. Nothing was written")]
    NotAllowed(PathBuf),
    /// The kernel says that something uses it.
    #[error(
        "{0} is in use: a file system on it is mounted, or swap, LVM, RAID, encryption or another program has it. `lsblk {0}` shows which; end that and run this again. Nothing was written"
    )]
    InUse(PathBuf),
    /// It is write-protected.
    #[error(
        "{0} is write-protected: move the small lock on the card or its adapter. Nothing was written"
    )]
    ReadOnly(PathBuf),
    /// Nothing is in the reader, or it was pulled out.
    #[error("{0} has no card or disk in it: plug it in and run this again. Nothing was written")]
    Gone(PathBuf),
    /// Anything else.
    #[error("cannot open {device} for writing. Nothing was written")]
    Open {
        /// The device.
        device: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A disk that this process has for itself: the kernel mounts nothing of it meanwhile.
#[derive(Debug)]
pub struct Device {
    file: File,
    size: u64,
    /// Never ask the device to make zeros by itself.
    write_zeros: bool,
}

impl Device {
    /// Opens the disk for itself. With `write_zeros` it is sent every zero.
    ///
    /// # Errors
    /// It is in use, read-only or gone, or this user may not.
    pub fn open(path: &Path, write_zeros: bool) -> Result<Self, OpenError> {
        // O_EXCL on a block device is refused while it or a partition of it is in use. O_DIRECT: progress is what the device
        // has, reading back is from the device, and the memory of the workstation stays as it is.
        let flags = OFlags::RDWR | OFlags::EXCL | OFlags::DIRECT | OFlags::CLOEXEC;
        let device = || path.to_owned();
        let failed = |source: io::Error| OpenError::Open {
            device: device(),
            source,
        };
        let file: File = match open(path, flags, Mode::empty()) {
            Ok(file) => file.into(),
            Err(Errno::ACCESS | Errno::PERM) => return Err(OpenError::NotAllowed(device())),
            Err(Errno::BUSY) => return Err(OpenError::InUse(device())),
            Err(Errno::ROFS) => return Err(OpenError::ReadOnly(device())),
            Err(Errno::NOMEDIUM | Errno::NXIO | Errno::NODEV | Errno::NOENT) => {
                return Err(OpenError::Gone(device()));
            }
            Err(error) => return Err(failed(error.into())),
        };
        let size = sys::block::size(&file).map_err(failed)?;
        Ok(Self {
            file,
            size,
            write_zeros,
        })
    }
}

impl Target for Device {
    fn size(&self) -> u64 {
        self.size
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match self.file.write_at(&bytes[done..], offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn zero_at(&mut self, offset: u64, length: u64) -> io::Result<Zeroed> {
        if self.write_zeros {
            return Ok(Zeroed::NotSupported);
        }
        // On a block device this is the command that must leave zeros, or nothing: the kernel writes none itself.
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        match fallocate(&self.file, flags, offset, length) {
            Ok(()) => Ok(Zeroed::Done),
            // Some adapters fail at what they said they could. Whether the device is well, the write that follows tells.
            Err(_) => Ok(Zeroed::NotSupported),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match self.file.read_at(&mut bytes[done..], offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn reread_table(&mut self) {
        // Some devices have no partitions for the kernel, such as a loop device without them: nothing depends on it.
        let _ = sys::block::reread_table(&self.file);
    }
}
