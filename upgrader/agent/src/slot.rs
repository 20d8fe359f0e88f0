//! Writing the spare slot, a block at a time, each checked before it is written and once more as it is on the device.

pub(crate) mod medium;

use anyhow::{Context, bail};
use disk::verity::{RootHash, VerifyError};
use medium::{Medium, Partition};
use release::BlockIndex;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// So many blocks that cannot be read are written anew, 2 MiB; a disk with more of them is not worth the wait for each.
const MOST_UNREADABLE: usize = 32;

/// The spare slot's disk does not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SlotFault {
    /// It takes no writes.
    #[error("cannot write the spare slot {device}, at byte {at} or shortly before")]
    Write {
        device: PathBuf,
        at: u64,
        source: io::Error,
    },
    /// It does not bring to the disk what it took.
    #[error("cannot flush the spare slot {device}")]
    Flush { device: PathBuf, source: io::Error },
    /// It gives nothing out.
    #[error("cannot read the spare slot {device} at byte {at}; the disk may be failing")]
    Read {
        device: PathBuf,
        at: u64,
        source: io::Error,
    },
    /// It gives out something else, or not all.
    #[error(
        "what was written to the spare slot {device} does not come back from it; the disk may be failing"
    )]
    Lost {
        device: PathBuf,
        source: VerifyError,
    },
}

/// The spare slot's partition.
#[derive(Debug)]
pub(crate) struct SpareSlot {
    device: PathBuf,
    medium: Box<dyn Medium>,
}

impl SpareSlot {
    /// Opens it for writing an image of `size` bytes.
    ///
    /// # Errors
    /// It cannot be opened, or is too small.
    pub(crate) fn open(device: &Path, size: u64) -> anyhow::Result<Self> {
        let failed = || format!("cannot open the spare slot {}", device.display());
        let partition = Partition::open(device).with_context(failed)?;
        let there = partition.size().with_context(failed)?;
        if there < size {
            bail!(
                "the spare slot {} has {there} bytes, the release's root image {size}",
                device.display()
            );
        }
        Ok(Self::on(device, Box::new(partition)))
    }

    /// The slot of this name on this medium.
    pub(crate) fn on(device: &Path, medium: Box<dyn Medium>) -> Self {
        Self {
            device: device.into(),
            medium,
        }
    }

    /// The blocks that are not what the index says, as ranges of block numbers: what has to be fetched. `progress` hears how
    /// many bytes were looked at. A block that cannot be read is one of them: many disks mend such a place when it is written.
    ///
    /// # Errors
    /// There are too many of those.
    pub(crate) fn missing(
        &self,
        index: &BlockIndex,
        mut progress: impl FnMut(u64),
    ) -> anyhow::Result<Vec<Range<usize>>> {
        let fault = |at, source| SlotFault::Read {
            device: self.device.clone(),
            at,
            source,
        };
        let mut reader = self.medium.reader().map_err(|error| fault(0, error))?;
        let (mut block, mut unreadable) = (Vec::new(), 0);
        let mut missing: Vec<Range<usize>> = Vec::new();
        for number in 0..index.digests().len() {
            let range = index.range(number).context("the index ends early")?;
            block.resize((range.end - range.start) as usize, 0);
            let read = reader
                .seek(SeekFrom::Start(range.start))
                .and_then(|_| reader.read_exact(&mut block));
            progress(range.end);
            match read {
                Ok(()) if index.is_block(number, &block) => continue,
                Ok(()) => {}
                Err(error) => {
                    unreadable += 1;
                    let error = fault(range.start, error);
                    if unreadable > MOST_UNREADABLE {
                        return Err(error.into());
                    }
                    eprintln!("{:#}; it is written anew", anyhow::Error::new(error));
                }
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
        let written = self.medium.write(block, range.start);
        Ok(written.map_err(|source| SlotFault::Write {
            device: self.device.clone(),
            at: range.start,
            source,
        })?)
    }

    /// Brings what was written to the device.
    ///
    /// # Errors
    /// The device does not take it.
    pub(crate) fn flush(&self) -> Result<(), SlotFault> {
        self.medium.flush().map_err(|source| SlotFault::Flush {
            device: self.device.clone(),
            source,
        })
    }

    /// Checks the image on the device with its own tree against the root hash that was signed.
    ///
    /// # Errors
    /// The first block that is not what it should be.
    pub(crate) fn verify(&self, data_size: u64, root: &RootHash) -> Result<(), SlotFault> {
        let mut reader = self.medium.reader().map_err(|source| SlotFault::Read {
            device: self.device.clone(),
            at: 0,
            source,
        })?;
        disk::verity::verify(&mut reader, data_size, root).map_err(|source| SlotFault::Lost {
            device: self.device.clone(),
            source,
        })
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
