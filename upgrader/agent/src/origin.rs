//! What a release's root image can come from: the whole image in the repository, or a delta and the image that it begins with.

use release::{Arch, Digest, File, FileFacts, Place, Repository, Version, delta_name, target_name};
use std::path::PathBuf;

/// An image that a delta begins with.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    /// Its partition, or a file.
    pub(crate) path: PathBuf,
    /// Its verity root hash. What comes out of a delta is compared with the release that is wanted, so a seed need not be verified.
    pub(crate) root_hash: Digest,
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

/// What there is to make a root image of.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Whether the repository has all of it.
    pub(crate) has_image: bool,
    /// None where it saves nothing.
    pub(crate) delta: Option<OfferedDelta>,
}

/// Looks at what the repository has of a release.
///
/// From a server a delta to the image that runs saves bytes of the line. In a folder the image is read, and deltas save nothing; but a
/// stick with several releases holds one image whole, and of others what makes them out of it.
pub(crate) async fn origin(
    repository: &Repository,
    (version, arch): (&Version, Arch),
    running: Option<Seed>,
) -> Origin {
    let from = |seed: Seed| {
        let name = delta_name(version, arch, &seed.root_hash);
        let facts = repository.facts(&name).ok()?;
        Some(OfferedDelta { name, facts, seed })
    };
    let whole = |delta| Origin {
        has_image: true,
        delta,
    };
    match repository.place(&target_name(version, arch, File::Root)) {
        Place::Server => whole(running.and_then(from)),
        Place::File(_) => whole(None),
        Place::Missing => {
            let lies = |seed: Seed| {
                from(seed).filter(|delta| matches!(repository.place(&delta.name), Place::File(_)))
            };
            let delta = match running.and_then(lies) {
                Some(delta) => Some(delta),
                None => others(repository, arch).await.into_iter().find_map(lies),
            };
            Origin {
                has_image: false,
                delta,
            }
        }
    }
}

/// The images that lie in the repository's folder.
async fn others(repository: &Repository, arch: Arch) -> Vec<Seed> {
    let mut found = Vec::new();
    for release in repository.releases().iter() {
        let image = target_name(&release.version, arch, File::Root);
        let Place::File(path) = repository.place(&image) else {
            continue;
        };
        // A release without its manifest is one that was left out.
        if let Ok(manifest) = repository.manifest(&release.version, arch).await {
            found.push(Seed {
                path,
                root_hash: manifest.root_hash,
            });
        }
    }
    found
}
