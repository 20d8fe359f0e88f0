//! Bringing what the boot loader starts of a release to the state partition: whole, or made by a delta of what runs.

use crate::bring::{TellStep, change_alone};
use crate::delta::Delta;
use crate::download::Download;
use crate::node::Node;
use crate::origin::{Origin, Seed, origin};
use crate::way::shortest;
use anyhow::Context;
use host::pace::Pace;
use release::{DeltaHeader, File, FileFacts, Manifest, Repository, target_name};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use upgrade_api::Way;

/// So many bytes of it are in memory at once.
const PIECE: usize = 1 << 20;

/// A release's UKI or boot image, and where it comes from.
#[derive(Debug)]
pub(crate) struct BootFile<'a> {
    repository: &'a Repository,
    manifest: &'a Manifest,
    file: File,
    pub(crate) facts: FileFacts,
    target: String,
    origin: Origin,
    /// Where files lie while they are fetched.
    folder: PathBuf,
}

impl<'a> BootFile<'a> {
    /// Looks at what the repository has of it; `running` is that of the release that runs.
    ///
    /// # Errors
    /// The release has no such file.
    pub(crate) async fn of(
        (repository, manifest): (&'a Repository, &'a Manifest),
        file: File,
        running: Option<Seed>,
        folder: PathBuf,
    ) -> anyhow::Result<Self> {
        let facts = manifest.files.get(&file).copied().with_context(|| {
            format!("the release has no {file}, which this machine's firmware starts: it is not one for this board")
        })?;
        let release = (&manifest.version, manifest.arch);
        Ok(Self {
            repository,
            manifest,
            file,
            facts,
            target: target_name(release.0, release.1, file),
            origin: origin(repository, release, file, running).await,
            folder,
        })
    }

    /// What is kept of it from try to try.
    pub(crate) fn downloads(&self) -> impl Iterator<Item = Download<'_>> {
        let delta = self.origin.delta.as_ref();
        let delta = delta.map(|delta| delta.download(&self.folder));
        delta.into_iter().chain([self.whole()])
    }

    fn whole(&self) -> Download<'_> {
        Download::of(&self.folder, &self.target, self.facts)
    }

    /// Brings it; gives where it lies then, and is what was signed. What runs can be read as long as what `hold` gives is held.
    ///
    /// # Errors
    /// No room, or the source breaks off for good, or gives what was not signed; what was fetched stays.
    pub(crate) async fn bring<H>(
        &self,
        hold: impl FnOnce() -> anyhow::Result<H> + Send + 'static,
        tell: &TellStep,
    ) -> anyhow::Result<PathBuf> {
        let whole = self.whole();
        let (path, has_whole) = (whole.path().to_owned(), self.origin.has_whole);
        if whole.have() == self.facts.size && whole.is_whole()? {
            return Ok(path);
        }
        if let Some(offered) = &self.origin.delta {
            let download = offered.download(&self.folder);
            let delta = Delta {
                repository: self.repository,
                download: &download,
                has_whole,
            };
            let usable = delta.refused().is_none().then(|| delta.bytes());
            let missing = self.facts.size.saturating_sub(whole.have());
            if shortest(missing, has_whole, usable) == Way::Delta {
                match self.by_delta(&delta, &offered.seed, hold, tell).await? {
                    None => return Ok(path),
                    Some(why) if has_whole => {
                        eprintln!(
                            "the delta of {} is not used: {why}; fetching it whole",
                            self.file
                        );
                    }
                    Some(why) => return Err(change_alone(&self.manifest.version, &why)),
                }
            }
        }
        let fetching = |done, total| tell("fetch boot files", done, total);
        let fetched = whole.run(self.repository, &fetching).await?;
        println!(
            "{}: {fetched} of {} bytes fetched",
            self.file, self.facts.size
        );
        Ok(path)
    }

    /// Gives why it did not work, if that is the delta's fault.
    async fn by_delta<H>(
        &self,
        delta: &Delta<'_>,
        seed: &Seed,
        hold: impl FnOnce() -> anyhow::Result<H> + Send + 'static,
        tell: &TellStep,
    ) -> anyhow::Result<Option<String>> {
        let mut fetched = 0;
        let fetching = |done, total| tell("fetch boot files", done, total);
        let why = delta.fetch(&mut fetched, &fetching).await?;
        if why.is_some() {
            return Ok(why);
        }
        self.whole().check_room(0)?;
        let identity = seed.identity;
        let work = {
            let (from, to) = (
                delta.download.path().to_owned(),
                self.whole().path().to_owned(),
            );
            let seed = seed.path.clone();
            let header = DeltaHeader {
                from: identity,
                to: self.facts.digest,
                length: self.facts.size,
            };
            move || {
                let _held = hold()?;
                Ok::<_, anyhow::Error>(make((&from, &seed), &header, &to))
            }
        };
        let made = tokio::task::spawn_blocking(work).await??;
        let checked = made.and_then(|()| match self.whole().is_whole()? {
            true => Ok(()),
            false => anyhow::bail!("what comes out of it is not what was signed"),
        });
        let Err(error) = checked else {
            println!(
                "{}: {fetched} of {} bytes fetched, by a delta",
                self.file, self.facts.size
            );
            return Ok(None);
        };
        if error.is::<NotWritten>() {
            return Err(error);
        }
        host::file::remove(self.whole().path())?;
        let why = format!("{error:#}");
        delta.refuse(&why);
        Ok(Some(why))
    }
}

/// What the boot loader started of the release that runs, which lies at `path`. None where the repository does not know that release:
/// there is no delta from it then.
pub(crate) async fn running(
    node: &Node,
    (repository, manifest): (&Repository, &Manifest),
    file: File,
    path: PathBuf,
) -> Option<Seed> {
    let version = node.running.version.parse().ok()?;
    let before = repository.manifest(&version, manifest.arch).await.ok()?;
    let identity = before.identity(file)?;
    Some(Seed { path, identity })
}

/// The state partition does not take it, which is not the delta's fault.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}")]
struct NotWritten {
    path: PathBuf,
    source: std::io::Error,
}

/// Writes what comes out of a delta, in constant memory.
fn make((delta, seed): (&Path, &Path), header: &DeltaHeader, to: &Path) -> anyhow::Result<()> {
    let open = |path: &Path| {
        std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let failed = |source| NotWritten {
        path: to.into(),
        source,
    };
    let made = release::Delta::open(BufReader::new(open(delta)?), open(seed)?, header)?;
    // One byte more than it should be is enough to be wrong.
    let mut made = made.take(header.length + 1);
    // Half of it is no harm: its digest is compared before it is used.
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    let mut file = options.open(to).map_err(failed)?;
    let (mut piece, mut pace) = (vec![0; PIECE], Pace::default());
    loop {
        let length = made
            .read(&mut piece)
            .context("nothing more comes out of it")?;
        if length == 0 {
            break;
        }
        file.write_all(&piece[..length]).map_err(failed)?;
        std::thread::sleep(pace.after(length, &file).map_err(failed)?);
    }
    Ok(file.sync_all().map_err(failed)?)
}

#[cfg(test)]
mod tests;
