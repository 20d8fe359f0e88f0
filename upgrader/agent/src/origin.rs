//! What a file of a release can come from: the whole file in the repository, or a delta and the file that it begins with.

use crate::download::Download;
use anyhow::Context;
use bundle::Turn;
use init_api::paths;
use release::{Arch, Digest, File, FileFacts, Place, Repository, Version, delta_name, target_name};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a stick that somebody writes to is asked for again.
const AGAIN: Duration = Duration::from_millis(500);

/// Keeps the stick mounted, by the lock `at`, for as long as it is held; nothing for any other source. It waits while a backup is written to the stick.
///
/// # Errors
/// There can be no lock.
pub(crate) async fn stick_turn(at: &Path, source: &str) -> anyhow::Result<Option<Turn>> {
    if !Path::new(source).starts_with(paths::STICK_MOUNT) {
        return Ok(None);
    }
    loop {
        let turn =
            Turn::try_reading(at).with_context(|| format!("cannot lock {}", at.display()))?;
        if turn.is_some() {
            return Ok(turn);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// A file that a delta begins with.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    /// Where it is: a file, or a partition that begins with it.
    pub(crate) path: PathBuf,
    /// Which it is ([`release::Manifest::identity`]). What comes out of a delta is compared with the release that is wanted, so a seed
    /// need not be verified.
    pub(crate) identity: Digest,
}

/// A delta that the repository has.
#[derive(Debug, Clone)]
pub(crate) struct OfferedDelta {
    /// Its name there.
    pub(crate) name: String,
    pub(crate) facts: FileFacts,
    /// What it begins with.
    pub(crate) seed: Seed,
}

impl OfferedDelta {
    /// It, on its way to `folder`.
    pub(crate) fn download(&self, folder: &Path) -> Download<'_> {
        Download::of(folder, &self.name, self.facts)
    }
}

/// What there is to make a file of.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Whether the repository has all of it.
    pub(crate) has_whole: bool,
    /// None where it saves nothing.
    pub(crate) delta: Option<OfferedDelta>,
}

/// Looks at what the repository has of a release's file; `running` is the one that the node runs of.
///
/// From a server a delta to what runs saves bytes of the line. In a folder the file is read, and deltas save nothing; but a stick with
/// several releases holds the files of one whole, and of others what makes them out of those.
pub(crate) async fn origin(
    repository: &Repository,
    (version, arch): (&Version, Arch),
    file: File,
    running: Option<Seed>,
) -> Origin {
    let from = |seed: Seed| {
        let name = delta_name(version, arch, &seed.identity);
        let facts = repository.facts(&name).ok()?;
        Some(OfferedDelta { name, facts, seed })
    };
    let whole = |delta| Origin {
        has_whole: true,
        delta,
    };
    match repository.place(&target_name(version, arch, file)) {
        Place::Server => whole(running.and_then(from)),
        Place::File(_) => whole(None),
        Place::Missing => {
            let lies = |seed: Seed| {
                from(seed).filter(|delta| matches!(repository.place(&delta.name), Place::File(_)))
            };
            let delta = match running.and_then(lies) {
                Some(delta) => Some(delta),
                None => others(repository, arch, file)
                    .await
                    .into_iter()
                    .find_map(lies),
            };
            Origin {
                has_whole: false,
                delta,
            }
        }
    }
}

/// The files of other releases that lie in the repository's folder.
async fn others(repository: &Repository, arch: Arch, file: File) -> Vec<Seed> {
    let mut found = Vec::new();
    for release in repository.releases().iter() {
        let name = target_name(&release.version, arch, file);
        let Place::File(path) = repository.place(&name) else {
            continue;
        };
        // A release without its manifest is one that was left out.
        let manifest = repository.manifest(&release.version, arch).await.ok();
        if let Some(identity) = manifest.and_then(|manifest| manifest.identity(file)) {
            found.push(Seed { path, identity });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::stick_turn;
    use bundle::Turn;
    use init_api::paths::STICK_RELEASES;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test(flavor = "current_thread")]
    async fn a_stick_that_is_read_from_stays_mounted() {
        let folder = tempfile::tempdir().expect("folder");
        let at = folder.path().join("turns");
        let alone = || Turn::alone(&at, Duration::ZERO, || {}).expect("a lock");
        let backup = alone().expect("nobody reads");
        let elsewhere = stick_turn(&at, "https://releases.example.com").await;
        assert!(elsewhere.expect("no lock").is_none(), "it waits for nobody");
        let waits = timeout(Duration::from_millis(50), stick_turn(&at, STICK_RELEASES));
        assert!(waits.await.is_err(), "a backup is written to the stick");
        drop(backup);
        let reads = stick_turn(&at, STICK_RELEASES).await.expect("a lock");
        assert!(reads.is_some() && alone().is_none());
        drop(reads);
        assert!(alone().is_some());
    }
}
