//! A block device as the target.

use crate::Target;
use disk::{Geometry, Sector, Store};
use rustix::fs::{Mode, OFlags, open};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What the sectors of any disk, and the kernel's pages, are aligned to.
const ALIGNMENT: usize = 4096;

/// A disk that this process has for itself: the kernel mounts nothing of it meanwhile.
#[derive(Debug)]
pub struct Device {
    file: File,
    /// The same device past the kernel's memory, for reading back.
    direct: File,
    geometry: Geometry,
}

impl Device {
    /// Opens the disk for itself.
    ///
    /// # Errors
    /// It is in use (`EBUSY`), read-only or gone, or its sectors are neither of 512 nor of 4096 bytes.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::EXCL | OFlags::CLOEXEC;
        let file: File = open(path, flags, Mode::empty())?.into();
        let flags = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC;
        let direct = open(path, flags, Mode::empty())?.into();
        let geometry = geometry(&file)?;
        Ok(Self {
            file,
            direct,
            geometry,
        })
    }

    /// Its sectors.
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }
}

/// The sectors of a block device.
pub(crate) fn geometry(file: &File) -> io::Result<Geometry> {
    let sector = Sector::of(sys::block::sector_size(file)?.into()).map_err(io::Error::other)?;
    Ok(Geometry::new(sector, sys::block::size(file)?))
}

impl Store for Device {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        Store::read_at(&self.file, offset, buffer)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        Store::write_at(&mut self.file, offset, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Store::flush(&mut self.file)
    }
}

impl Target for Device {
    fn length(&self) -> u64 {
        self.geometry.sectors * self.geometry.sector.bytes()
    }

    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let alignment = ALIGNMENT as u64;
        let first = offset / alignment * alignment;
        let end = (offset + buffer.len() as u64).next_multiple_of(alignment);
        let length = usize::try_from(end.min(self.length()) - first).map_err(io::Error::other)?;
        let mut room = vec![0; length + ALIGNMENT];
        let start = room.as_ptr().align_offset(ALIGNMENT);
        let aligned = &mut room[start..start + length];
        self.direct.read_exact_at(aligned, first)?;
        let from = usize::try_from(offset - first).map_err(io::Error::other)?;
        let found = aligned.get(from..from + buffer.len());
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn reread_table(&mut self) {
        // A loop device without partitions cannot; nothing here depends on it.
        let _ = sys::block::reread_table(&self.file);
    }
}
