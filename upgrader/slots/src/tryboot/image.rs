//! An image on its way into a slot's own boot partition.

use super::records::Records;
use crate::folder::{check_first, failure};
use crate::{EntryName, SlotsError};
use host::pace::Pace;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The bytes that come last: with zeroes there, nobody takes the partition for a file system.
pub(super) const HEAD: usize = 4096;
/// What is compared, and written where it differs.
const BLOCK: usize = 4096;

/// An image that is being written. Dropped before [`NewImage::finish`], it leaves a partition that is no file system.
#[derive(Debug)]
pub(crate) struct NewImage {
    records: Records,
    name: EntryName,
    size: u64,
    device: PathBuf,
    file: File,
    /// The image's first bytes.
    head: Vec<u8>,
    /// Where the next bytes go.
    at: u64,
    pace: Pace,
}

impl NewImage {
    /// Takes the slot out of the record, and makes its boot partition no file system.
    pub(super) fn begin(
        records: Records,
        name: EntryName,
        size: u64,
        device: PathBuf,
    ) -> Result<Self, SlotsError> {
        let record = records.load()?;
        if record.spare.is_some() {
            records.store(&record.emptied())?;
        }
        clear(&device).map_err(failure("clear", &device))?;
        let file = File::options().read(true).write(true).open(&device);
        let file = file.map_err(failure("open", &device))?;
        Ok(Self {
            records,
            name,
            size,
            device,
            file,
            head: Vec::with_capacity(HEAD),
            at: HEAD as u64,
            pace: Pace::default(),
        })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<Duration, SlotsError> {
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(head);
        for block in rest.chunks(BLOCK) {
            self.put(block).map_err(failure("write", &self.device))?;
        }
        self.pace
            .after(bytes.len(), &self.file)
            .map_err(failure("write", &self.device))
    }

    /// Much of an image is what the one before had there, and a card wears with each write.
    fn put(&mut self, block: &[u8]) -> io::Result<()> {
        let mut there = vec![0; block.len()];
        let is_same = self.file.read_exact_at(&mut there, self.at).is_ok() && there == block;
        if !is_same {
            self.file.write_all_at(block, self.at)?;
        }
        self.at += block.len() as u64;
        Ok(())
    }

    /// Flushes the image, then its first bytes, reads it back from the device, and names it in the record.
    pub(crate) fn finish(self, sha256: &str) -> Result<(), SlotsError> {
        let failed = failure("write", &self.device);
        self.file.sync_all().map_err(&failed)?;
        self.file
            .write_all_at(&self.head, 0)
            .and_then(|()| self.file.sync_all())
            .map_err(&failed)?;
        if let Err(error) = check_first(self.device.clone(), self.size, sha256) {
            // Why is what matters.
            let _ = behead(&self.file);
            return Err(error);
        }
        let record = self.records.load()?.staged(self.name, self.size);
        self.records.store(&record)
    }
}

/// Makes a device no file system, if it is one.
pub(super) fn clear(device: &Path) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(device)?;
    let mut head = [0; HEAD];
    file.read_exact_at(&mut head, 0)?;
    match head == [0; HEAD] {
        true => Ok(()),
        false => behead(&file),
    }
}

fn behead(file: &File) -> io::Result<()> {
    file.write_all_at(&[0; HEAD], 0)?;
    file.sync_all()
}

/// Bytes of a device or file.
pub(super) fn length(path: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    Ok(rustix::fs::seek(&file, rustix::fs::SeekFrom::End(0))?)
}
