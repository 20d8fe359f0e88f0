//! Bringing the root image of a release into the spare slot, by the way with the fewest bytes. A delta that is of no use is said,
//! remembered, and the image fetched.

use crate::apply::apply;
use crate::download::Download;
use crate::fetch::Fetch;
use crate::origin::{OfferedDelta, Origin, Seed};
use crate::slot::SpareSlot;
use crate::way::{DeltaBytes, shortest};
use anyhow::{Context, bail};
use release::{Arch, File, Version, target_name};
use release::{BlockIndex, DeltaHeader, Digest, Error, Repository};
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
    pub(crate) index: &'a Arc<BlockIndex>,
    pub(crate) slot: &'a Arc<SpareSlot>,
    /// Where files lie while they are fetched.
    pub(crate) folder: &'a Path,
    pub(crate) origin: &'a Origin,
    pub(crate) tell: &'a TellStep,
}

impl Bring<'_> {
    /// Does it. When it returns, each block of the slot was once the one that was signed; whether the device keeps it is to be
    /// verified then.
    ///
    /// # Errors
    /// The source breaks off for good, or gives what was not signed; what was fetched stays.
    pub(crate) async fn run(&self) -> anyhow::Result<Brought> {
        let mut missing = self.missing().await?;
        let mut brought = Brought {
            way: Way::Image,
            fetched: 0,
            image: self.index.length(),
            no_delta: None,
        };
        let Origin { has_image, delta } = self.origin;
        if let Some(OfferedDelta { name, facts, seed }) = delta {
            let download = Download::of(self.folder, name, *facts);
            // Where there is nothing else, it is tried again: another stick may be a better one.
            brought.no_delta = has_image.then(|| download.refused()).flatten();
            let usable = brought.no_delta.is_none().then(|| DeltaBytes {
                size: facts.size,
                have: download.have(),
            });
            if shortest(self.bytes(&missing), *has_image, usable) == Way::Delta {
                let fetched = &mut brought.fetched;
                let Some(why) = self.by_delta(&download, seed, &missing, fetched).await? else {
                    brought.way = Way::Delta;
                    return Ok(brought);
                };
                if !has_image {
                    let (version, _) = self.release;
                    bail!(
                        "the source has release {version} as a change to another release alone, and that is of no use: {why}"
                    );
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
        download: &Download<'_>,
        seed: &Seed,
        missing: &[Range<usize>],
        fetched: &mut u64,
    ) -> anyhow::Result<Option<String>> {
        let had = download.have();
        match download
            .run(self.repository, &self.teller("fetch delta"))
            .await
        {
            Ok(bytes) => *fetched += bytes,
            // The image is on the same server: the next try goes on with the delta.
            Err(error) if is_line(&error) => return Err(error),
            Err(error) => {
                *fetched += download.have().saturating_sub(had);
                let why = format!("{error:#}");
                // No room, say, is not its fault: it may be used the next time.
                if error.downcast_ref::<Error>().is_some() {
                    self.refuse(download, &why);
                }
                return Ok(Some(why));
            }
        }
        let work = {
            let (path, seed) = (download.path().to_owned(), seed.clone());
            let (slot, index, missing) = (self.slot.clone(), self.index.clone(), missing.to_vec());
            let tell = self.teller("apply delta");
            let wanted = DeltaHeader {
                from: seed.root_hash,
                to: self.root_hash,
                length: self.index.length(),
            };
            move || apply((&path, &seed), &wanted, (&slot, &index), &missing, &tell)
        };
        match tokio::task::spawn_blocking(work).await? {
            Ok(()) => Ok(None),
            Err(error) => {
                let why = format!("{error:#}");
                self.refuse(download, &why);
                Ok(Some(why))
            }
        }
    }

    /// Remembers that a delta is of no use, where there is an image to fetch instead.
    fn refuse(&self, download: &Download<'_>, why: &str) {
        if self.origin.has_image
            && let Err(error) = download.refuse(why)
        {
            eprintln!("{error:#}");
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

/// Whether it is the line or the server that failed, not the file.
fn is_line(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(Error::Unreachable { .. } | Error::Client(_))
    )
}

#[cfg(test)]
mod tests;
