//! Writing the spare slot, a block at a time, each checked before it is written and once more as it is on the device.

use anyhow::{Context, bail};
use disk::verity::RootHash;
use host::pace::Pace;
use release::BlockIndex;
use slots::DirectReader;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The spare slot's partition.
#[derive(Debug)]
pub(crate) struct SpareSlot {
    device: PathBuf,
    file: File,
    pace: Mutex<Pace>,
}

impl SpareSlot {
    /// Opens it for writing an image of `size` bytes.
    ///
    /// # Errors
    /// It cannot be opened, or is too small.
    pub(crate) fn open(device: &Path, size: u64) -> anyhow::Result<Self> {
        let failed = || format!("cannot open the spare slot {}", device.display());
        let file = File::options()
            .write(true)
            .open(device)
            .with_context(failed)?;
        let there = rustix::fs::seek(&file, rustix::fs::SeekFrom::End(0))
            .map_err(io::Error::from)
            .with_context(failed)?;
        if there < size {
            bail!(
                "the spare slot {} has {there} bytes, the release's root image {size}",
                device.display()
            );
        }
        Ok(Self {
            device: device.into(),
            file,
            pace: Mutex::default(),
        })
    }

    /// The blocks that are not what the index says, as ranges of block numbers: what has to be fetched. `progress` hears how
    /// many bytes were looked at.
    ///
    /// # Errors
    /// The device cannot be read.
    pub(crate) fn missing(
        &self,
        index: &BlockIndex,
        mut progress: impl FnMut(u64),
    ) -> anyhow::Result<Vec<Range<usize>>> {
        let failed = || format!("cannot read the spare slot {}", self.device.display());
        let mut reader = DirectReader::open(&self.device)
            .with_context(failed)?
            .paced();
        let mut block = Vec::new();
        let mut missing: Vec<Range<usize>> = Vec::new();
        for number in 0..index.digests().len() {
            let range = index.range(number).context("the index ends early")?;
            block.resize((range.end - range.start) as usize, 0);
            reader.read_exact(&mut block).with_context(failed)?;
            progress(range.end);
            if index.is_block(number, &block) {
                continue;
            }
            match missing.last_mut() {
                Some(last) if last.end == number => last.end += 1,
                _ => missing.push(number..number + 1),
            }
        }
        Ok(missing)
    }

    /// Writes a block, if it is the one that the index names. Tells how long to leave the disk to others before the next.
    ///
    /// # Errors
    /// It is not, or the device does not take it.
    pub(crate) fn write(
        &self,
        index: &BlockIndex,
        number: usize,
        block: &[u8],
    ) -> anyhow::Result<Duration> {
        let Some(range) = index
            .range(number)
            .filter(|_| index.is_block(number, block))
        else {
            bail!(
                "block {number} of the root image is not what was signed: the source gives out something else, or it was damaged on its way"
            );
        };
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        self.file
            .write_all_at(block, range.start)
            .and_then(|()| pace.after(block.len(), &self.file))
            .with_context(|| format!("cannot write the spare slot {}", self.device.display()))
    }

    /// Brings what was written to the device.
    ///
    /// # Errors
    /// The device does not take it.
    pub(crate) fn flush(&self) -> anyhow::Result<()> {
        self.file
            .sync_all()
            .with_context(|| format!("cannot flush the spare slot {}", self.device.display()))
    }

    /// Checks the image on the device with its own tree against the root hash that was signed.
    ///
    /// # Errors
    /// The first block that is not what it should be.
    pub(crate) fn verify(&self, data_size: u64, root: &RootHash) -> anyhow::Result<()> {
        let failed = || {
            format!(
                "what was written to the spare slot {} does not come back from it; the disk may be failing",
                self.device.display()
            )
        };
        let mut reader = DirectReader::open(&self.device)
            .with_context(failed)?
            .paced();
        disk::verity::verify(&mut reader, data_size, root).with_context(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::SpareSlot;
    use release::BlockIndex;

    const BLOCK: usize = 65_536;

    #[test]
    fn only_what_is_missing_is_asked_for_and_only_what_was_signed_is_written() {
        let folder = tempfile::tempdir().expect("folder");
        let device = folder.path().join("slot");
        let image: Vec<u8> = (0..BLOCK * 5 + 4096).map(|at| (at / 4096) as u8).collect();
        let index = BlockIndex::of(&mut &image[..]).expect("an index");
        let mut old = image.clone();
        for block in [1, 2, 5] {
            old[block * BLOCK] ^= 1;
        }
        old.resize(BLOCK * 8, 9);
        std::fs::write(&device, &old).expect("written");
        let slot = SpareSlot::open(&device, image.len() as u64).expect("fits");
        let mut looked = 0;
        let missing = slot
            .missing(&index, |bytes| looked = bytes)
            .expect("readable");
        assert_eq!(missing, [1..3, 5..6]);
        assert_eq!(looked, image.len() as u64);
        let block = |number: usize| &image[number * BLOCK..image.len().min((number + 1) * BLOCK)];
        let error = slot.write(&index, 1, block(2)).expect_err("another block");
        assert!(
            error
                .to_string()
                .contains("block 1 of the root image is not what was signed"),
            "{error}"
        );
        let error = slot
            .write(&index, 1, &block(1)[..100])
            .expect_err("a part of it");
        assert!(error.to_string().contains("not what was signed"), "{error}");
        for number in [1, 2, 5] {
            slot.write(&index, number, block(number)).expect("taken");
        }
        slot.flush().expect("flushed");
        let left = slot.missing(&index, |_| {}).expect("readable");
        assert!(left.is_empty(), "{left:?}");
        assert!(std::fs::read(&device).expect("read")[image.len()..] == old[image.len()..]);
        let error = SpareSlot::open(&device, BLOCK as u64 * 9).expect_err("too small");
        assert!(
            error
                .to_string()
                .contains("has 524288 bytes, the release's root image 589824"),
            "{error}"
        );
    }
}
