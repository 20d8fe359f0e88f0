//! A part of a repository as a repository: what a stick carries.
//!
//! The oldest of its releases has its files whole, which are read from the stick in any case: deltas to them, which save bytes of a line,
//! are left out. A newer one has the delta from a file that comes along instead of its own, where the repository has one, so that
//! the second release takes little room.
//!
//! Signatures stay as they are, so nobody needs a key for this. The list of files names more than is there; a node that asks
//! for a release which was left out hears that its file is missing.

use super::error::PublishError;
use crate::client::Client;
use crate::error::Error;
use crate::format::{
    Arch, Digest, File, RELEASES, Version, delta_name, is_delta, target_folder, target_name,
};
use crate::metadata::{self, Loaded};
use crate::repository::Repository;
use crate::root::root_version;
use crate::source::Source;
use crate::store::{Effort, Store};
use crate::targets::{self, Targets};
use crate::trust::Trust;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// The largest metadata file.
const LARGEST: u64 = 8 << 20;

/// Copies all metadata, and the files of some releases for some architectures, into a folder; files that are there already and
/// right are not fetched again. Gives when the first signature expires.
///
/// # Errors
/// The repository is not good, has no such release for one of the architectures, or the folder takes no more.
pub async fn excerpt(
    source: &Source,
    root: &[u8],
    (versions, archs): (&BTreeSet<Version>, &BTreeSet<Arch>),
    folder: &Path,
    now: Timestamp,
    at: &mut dyn FnMut(&str),
) -> Result<Timestamp, PublishError> {
    let client = Client::new();
    let repository = client.open(source, &Trust::fleeting(root), now).await?;
    let store = Store::new(source, Effort::default())?;
    let mut wanted = BTreeSet::from([RELEASES.to_owned()]);
    for arch in archs {
        wanted.extend(of_arch(&repository, versions, *arch).await?);
    }
    let loaded = metadata::load(&store, root).await?;
    let names = copy_metadata(&store, root, &loaded, folder).await?;
    let targets = Targets::of(&loaded);
    let mut kept = BTreeSet::new();
    for name in &wanted {
        at(name);
        let inside = targets.path_of(name)?;
        copy(&targets, &store, name, &folder.join(&inside)).await?;
        kept.insert(inside);
    }
    kept.extend(names);
    remove_others(folder, &kept)?;
    // What was copied while the repository changed would not fit together.
    let (copy, trust) = (Source::Folder(folder.to_owned()), Trust::fleeting(root));
    let copied = client.open(&copy, &trust, now).await?;
    Ok(copied.expires())
}

/// The files of the releases, the oldest first.
async fn of_arch(
    repository: &Repository,
    versions: &BTreeSet<Version>,
    arch: Arch,
) -> Result<BTreeSet<String>, Error> {
    let (mut wanted, mut whole) = (BTreeSet::new(), Vec::new());
    for version in versions {
        let folder = target_folder(version, arch);
        let names = repository.files().keys();
        let own = names.filter(|name| name.starts_with(&folder) && !is_delta(name));
        let mut files: BTreeSet<String> = own.cloned().collect();
        if files.is_empty() {
            return Err(Error::NotListed(format!(
                "release {version} for {arch}: `holdfast release list` shows those that it has"
            )));
        }
        let manifest = repository.manifest(version, arch).await?;
        for file in File::WITH_DELTAS {
            let name = target_name(version, arch, file);
            let Some(facts) = manifest.files.get(&file) else {
                continue;
            };
            let seeds = whole.iter().filter(|(is, _)| *is == file);
            let seeds = seeds.map(|(_, from)| from);
            match smaller(repository, (version, arch), facts.size, seeds) {
                Some(delta) => {
                    files.remove(&name);
                    files.insert(delta);
                }
                None => whole.extend(manifest.identity(file).map(|is| (file, is))),
            }
        }
        wanted.extend(files);
    }
    Ok(wanted)
}

/// The smallest delta from one of these files, if it is smaller than the release's own of `size`.
fn smaller<'a>(
    repository: &Repository,
    (version, arch): (&Version, Arch),
    size: u64,
    seeds: impl Iterator<Item = &'a Digest>,
) -> Option<String> {
    let names = seeds.map(|from| delta_name(version, arch, from));
    let sized = names.filter_map(|name| Some((repository.facts(&name).ok()?.size, name)));
    let smallest = sized.filter(|(delta, _)| *delta < size).min();
    smallest.map(|(_, name)| name)
}

/// Gives the paths of what was copied. The newest come first in time and last into the folder: the timestamp.
async fn copy_metadata(
    store: &Store,
    root: &[u8],
    loaded: &Loaded,
    folder: &Path,
) -> Result<BTreeSet<String>, PublishError> {
    let consistent = loaded.root.signed.consistent_snapshot;
    let numbered = |number: u64, role: &str| match consistent {
        true => format!("metadata/{number}.{role}.json"),
        false => format!("metadata/{role}.json"),
    };
    let first = root_version(root)?;
    let newest = loaded.root.signed.version.get();
    // Older ones are for nodes that know only those.
    let roots = (1..=newest).map(|number| (format!("metadata/{number}.root.json"), number > first));
    let snapshot = numbered(loaded.snapshot.signed.version.get(), "snapshot");
    let targets = numbered(loaded.targets.signed.version.get(), "targets");
    let rest = [targets, snapshot, "metadata/timestamp.json".to_owned()];
    let rest = rest.into_iter().map(|name| (name, true));
    let mut copied = BTreeSet::new();
    for (name, must_be) in roots.chain(rest) {
        match store.whole(&name, LARGEST).await? {
            Some(bytes) => {
                let path = folder.join(&name);
                make_parent(&path)?;
                host::file::write(&path, 0o644, &bytes).map_err(PublishError::write(&path))?;
                copied.insert(name);
            }
            None if must_be => return Err(Error::Missing(name).into()),
            None => {}
        }
    }
    Ok(copied)
}

async fn copy(targets: &Targets, store: &Store, name: &str, to: &Path) -> Result<(), PublishError> {
    let facts = targets.facts(name)?;
    let is_whole = |path: &Path| {
        host::digest::of_file(path).is_ok_and(|digest| digest == facts.digest.to_string())
    };
    if is_whole(to) {
        return Ok(());
    }
    make_parent(to)?;
    let part = to.with_extension("part");
    let mut pieces = targets.stream(store, name, 0..facts.size).await?;
    let mut file = tokio::fs::File::create(&part)
        .await
        .map_err(PublishError::write(&part))?;
    while let Some(piece) = pieces.try_next().await? {
        file.write_all(&piece)
            .await
            .map_err(PublishError::write(&part))?;
    }
    file.sync_all().await.map_err(PublishError::write(&part))?;
    drop(file);
    let digest = host::digest::of_file(&part).map_err(PublishError::write(&part))?;
    let digest = digest.parse().map_err(|_| Error::WrongBytes {
        what: name.to_owned(),
    })?;
    targets::is_signed(name, facts, digest)?;
    std::fs::rename(&part, to).map_err(PublishError::write(to))
}

fn make_parent(path: &Path) -> Result<(), PublishError> {
    let parent = path.parent().unwrap_or(path);
    std::fs::create_dir_all(parent).map_err(PublishError::write(parent))
}

/// Takes away what an earlier excerpt left, of another release or of other metadata.
fn remove_others(folder: &Path, kept: &BTreeSet<String>) -> Result<(), PublishError> {
    let mut folders: Vec<PathBuf> = vec![folder.join("metadata"), folder.join("targets")];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).map_err(PublishError::write(&at))? {
            let path = entry.map_err(PublishError::write(&at))?.path();
            let inside = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .display()
                .to_string();
            if path.is_dir() {
                folders.push(path);
            } else if !kept.contains(&inside) {
                std::fs::remove_file(&path).map_err(PublishError::write(&path))?;
            }
        }
    }
    Ok(())
}
