//! Bringing the root image of a release into the spare slot, by the way with the fewest bytes, and proving that it stands there. A
//! delta that is of no use is said, remembered, and the image fetched.

use crate::apply::apply;
use crate::delta::Delta;
use crate::fetch::Fetch;
use crate::origin::{Origin, Seed};
use crate::slot::{SlotFault, SpareSlot};
use crate::way::shortest;
use anyhow::{Context, anyhow};
use disk::verity::RootHash;
use release::{Arch, File, Version, target_name};
use release::{BlockIndex, DeltaHeader, Digest, Repository};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use upgrade_api::{Brought, Way};

/// Who hears the step, the bytes that are done of it, and those that there are.
pub(crate) type TellStep = Arc<dyn Fn(&'static str, u64, u64) + Send + Sync>;

/// A root image, and where it goes.
pub(crate) struct Bring<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) release: (&'a Version, Arch),
    /// Its verity root hash.
    pub(crate) root_hash: Digest,
    /// Bytes of it before its verity tree.
    pub(crate) data_size: u64,
    pub(crate) index: &'a Arc<BlockIndex>,
    pub(crate) slot: &'a Arc<SpareSlot>,
    /// Where files lie while they are fetched.
    pub(crate) folder: &'a Path,
    pub(crate) origin: &'a Origin,
    pub(crate) tell: &'a TellStep,
}

impl Bring<'_> {
    /// Does it, flushes the slot, and reads it back. When it returns, the image that was signed stands on the device. A disk that
    /// failed at it is tried once more: what is not there then is fetched and written again, and nothing else.
    ///
    /// # Errors
    /// The source breaks off for good, or gives what was not signed, or the device does not keep what it took; what was fetched stays.
    pub(crate) async fn run(&self) -> anyhow::Result<Brought> {
        let mut fetched = 0;
        match self.once(&mut fetched).await {
            Err(error) if error.is::<SlotFault>() => {
                eprintln!("{error:#}; trying once more");
                self.once(&mut fetched).await
            }
            done => done,
        }
    }

    /// Does it once; adds to the bytes that were fetched until then.
    async fn once(&self, fetched: &mut u64) -> anyhow::Result<Brought> {
        let mut brought = self.write().await?;
        *fetched += brought.fetched;
        brought.fetched = *fetched;
        let slot = self.slot.clone();
        tokio::task::spawn_blocking(move || slot.flush()).await??;
        (self.tell)("verify", 0, self.index.length());
        let (slot, data_size) = (self.slot.clone(), self.data_size);
        let root = RootHash(self.root_hash.0);
        tokio::task::spawn_blocking(move || slot.verify(data_size, &root)).await??;
        Ok(brought)
    }

    /// Each block of the slot was once the one that was signed then.
    async fn write(&self) -> anyhow::Result<Brought> {
        let mut missing = self.missing().await?;
        let mut brought = Brought {
            way: Way::Image,
            fetched: 0,
            image: self.index.length(),
            no_delta: None,
        };
        let Origin { has_whole, delta } = self.origin;
        if let Some(offered) = delta {
            let download = offered.download(self.folder);
            let delta = Delta {
                repository: self.repository,
                download: &download,
                has_whole: *has_whole,
            };
            brought.no_delta = delta.refused();
            let usable = brought.no_delta.is_none().then(|| delta.bytes());
            if shortest(self.bytes(&missing), *has_whole, usable) == Way::Delta {
                let fetched = &mut brought.fetched;
                let Some(why) = self
                    .by_delta(&delta, &offered.seed, &missing, fetched)
                    .await?
                else {
                    brought.way = Way::Delta;
                    return Ok(brought);
                };
                if !has_whole {
                    return Err(change_alone(self.release.0, &why));
                }
                eprintln!("the delta is not used: {why}; fetching the image");
                brought.no_delta = Some(why);
                // Some blocks may have come out of it.
                missing = self.missing().await?;
            }
        }
        brought.fetched += self.image(&missing).await?;
        Ok(brought)
    }

    /// Gives why it did not work, if that is the delta's fault.
    async fn by_delta(
        &self,
        delta: &Delta<'_>,
        seed: &Seed,
        missing: &[Range<usize>],
        fetched: &mut u64,
    ) -> anyhow::Result<Option<String>> {
        let why = delta.fetch(fetched, &self.teller("fetch delta")).await?;
        if why.is_some() {
            return Ok(why);
        }
        let work = {
            let (path, seed) = (delta.download.path().to_owned(), seed.clone());
            let (slot, index, missing) = (self.slot.clone(), self.index.clone(), missing.to_vec());
            let tell = self.teller("apply delta");
            let wanted = DeltaHeader {
                from: seed.identity,
                to: self.root_hash,
                length: self.index.length(),
            };
            move || apply((&path, &seed), &wanted, (&slot, &index), &missing, &tell)
        };
        match tokio::task::spawn_blocking(work).await? {
            Ok(()) => Ok(None),
            // The delta may be as it should.
            Err(error) if error.is::<SlotFault>() => Err(error),
            Err(error) => {
                let why = format!("{error:#}");
                delta.refuse(&why);
                Ok(Some(why))
            }
        }
    }

    async fn image(&self, missing: &[Range<usize>]) -> anyhow::Result<u64> {
        let (version, arch) = self.release;
        let fetch = Fetch {
            repository: self.repository,
            target: &target_name(version, arch, File::Root),
            index: self.index,
            slot: self.slot,
        };
        fetch.run(missing, &self.teller("fetch")).await
    }

    /// The blocks that the slot lacks.
    async fn missing(&self) -> anyhow::Result<Vec<Range<usize>>> {
        let (slot, index, tell) = (
            self.slot.clone(),
            self.index.clone(),
            self.teller("compare"),
        );
        let total = index.length();
        let looked = move || slot.missing(&index, |done| tell(done, total));
        tokio::task::spawn_blocking(looked)
            .await
            .context("looking at the spare slot broke off")?
    }

    fn bytes(&self, missing: &[Range<usize>]) -> u64 {
        let blocks = missing.iter().flat_map(Clone::clone);
        let ranges = blocks.filter_map(|block| self.index.range(block));
        ranges.map(|range| range.end - range.start).sum()
    }

    fn teller(&self, step: &'static str) -> impl Fn(u64, u64) + Send + Sync + 'static + use<> {
        let tell = self.tell.clone();
        move |done, total| tell(step, done, total)
    }
}

/// A stick may have a release as a change alone.
pub(crate) fn change_alone(version: &Version, why: &str) -> anyhow::Error {
    anyhow!(
        "the source has release {version} as a change to another release alone, and that is of no use: {why}"
    )
}

#[cfg(test)]
pub(crate) mod tests;
