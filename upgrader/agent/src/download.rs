//! A file of a repository on its way to the state partition. What is there stays there, so a download that was broken off goes on
//! where it was, also after a reboot: each part that was flushed is not fetched again.

use crate::idle::idle;
use anyhow::{Context, bail};
use futures_util::TryStreamExt;
use host::pace::Pace;
use release::{Digest, Error, FileFacts, Repository};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// So many bytes of the state partition stay free, or a twentieth of it if that is less: the system writes there, too.
const RESERVE: u64 = 64 << 20;

/// A file that is fetched, or was.
#[derive(Debug)]
pub(crate) struct Download<'a> {
    target: &'a str,
    facts: FileFacts,
    path: PathBuf,
}

impl<'a> Download<'a> {
    /// The file `target`, kept in `folder` under its digest.
    pub(crate) fn of(folder: &Path, target: &'a str, facts: FileFacts) -> Self {
        Self {
            target,
            facts,
            path: folder.join(facts.digest.to_string()),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of all of it.
    pub(crate) fn size(&self) -> u64 {
        self.facts.size
    }

    /// Bytes of it that are there.
    pub(crate) fn have(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |is| is.len())
    }

    /// Whether it was found to be of no use; why is in the file.
    pub(crate) fn refused(&self) -> Option<String> {
        fs::read_to_string(self.note()).ok()
    }

    /// Remembers that it is of no use, so that it is not fetched once more, and gives its room back.
    ///
    /// # Errors
    /// The state partition does not take it.
    pub(crate) fn refuse(&self, why: &str) -> anyhow::Result<()> {
        host::file::write(&self.note(), 0o600, why)
            .context("cannot note that a delta is of no use")?;
        host::file::remove(&self.path).context("cannot remove a delta that is of no use")?;
        Ok(())
    }

    fn note(&self) -> PathBuf {
        self.path.with_extension("refused")
    }

    /// Fetches what is missing, and checks all of it; gives the bytes that were fetched. `tell` hears the bytes that are there.
    ///
    /// # Errors
    /// No room, the source breaks off for good, or it gives what was not signed: then nothing of it is kept.
    pub(crate) async fn run(
        &self,
        repository: &Repository,
        tell: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> anyhow::Result<u64> {
        let mut fetched = 0;
        loop {
            let mut begun = self.have();
            if begun > self.facts.size {
                begun = 0;
            }
            self.check_room(begun)?;
            match self.rest(repository, begun, &mut fetched, tell).await {
                Err(error) if begun > 0 && is_no_ranges(&error) => {
                    self.rest(repository, 0, &mut fetched, tell).await?;
                }
                done => done?,
            }
            if self.is_whole()? {
                return Ok(fetched);
            }
            host::file::remove(&self.path)?;
            // What was kept may be what is wrong: a disk that lost a write. What came whole just now is not.
            if begun == 0 {
                return Err(Error::WrongBytes {
                    what: self.target.to_owned(),
                }
                .into());
            }
        }
    }

    async fn rest(
        &self,
        repository: &Repository,
        begun: u64,
        fetched: &mut u64,
        tell: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> anyhow::Result<()> {
        let failed = || format!("cannot write {}", self.path.display());
        let mut options = File::options();
        options.create(true).append(true);
        let mut file = options.open(&self.path).with_context(failed)?;
        file.set_len(begun).with_context(failed)?;
        let size = self.facts.size;
        let mut pieces = repository.stream(self.target, begun..size).await?;
        let (mut there, mut pace) = (begun, Pace::default());
        while let Some(piece) = pieces.try_next().await? {
            file.write_all(&piece).with_context(failed)?;
            there += piece.len() as u64;
            *fetched += piece.len() as u64;
            let pause = pace.after(piece.len(), &file).with_context(failed)?;
            tell(there, size);
            idle(pause).await;
        }
        file.sync_all().with_context(failed)
    }

    /// Whether all of it is there, and what was signed.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn is_whole(&self) -> anyhow::Result<bool> {
        let digest = host::digest::of_file(&self.path)
            .with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(digest
            .parse::<Digest>()
            .is_ok_and(|digest| digest == self.facts.digest))
    }

    /// Checks that it fits, with `begun` bytes of it there already.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn check_room(&self, begun: u64) -> anyhow::Result<()> {
        let folder = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let room = rustix::fs::statvfs(folder)
            .with_context(|| format!("cannot look at {}", folder.display()))?;
        let free = room.f_bavail * room.f_frsize;
        let reserve = RESERVE.min(room.f_blocks * room.f_frsize / 20);
        let needed = self.facts.size - begun + reserve;
        if free < needed {
            bail!(
                "the state partition has {free} bytes free, {} needs {needed}",
                self.target
            );
        }
        Ok(())
    }
}

/// Takes away what was kept but for these files.
pub(crate) fn keep_only(folder: &Path, kept: &[Download<'_>]) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_kept = |download: &Download<'_>| path.with_extension("") == download.path;
        // What stays although it should go is looked at again the next time.
        if !kept.iter().any(is_kept) {
            let _ = fs::remove_file(path);
        }
    }
}

pub(crate) fn is_no_ranges(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::NoRanges { .. }))
}
