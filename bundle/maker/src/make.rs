//! Making a bundle.

use crate::archive::Archive;
use crate::closure::{images_of, missing};
use crate::config::StickConfig;
use crate::error::MakeError;
use crate::image::{Origin, bring};
use crate::layout::{Layout, take_away_all_but};
use crate::listing::{Content, write_listing};
use crate::manifests::{self, Manifest};
use crate::names::Platform;
use crate::registry::Registry;
use bundle::{
    Entry, FOLDER, IMAGES, LISTING, MANIFESTS, Name, PrivateKey, RELEASES, SIGNATURES, SUMS,
};
use jiff::Timestamp;
use release::publish::excerpt;
use release::{Arch, Source, Version};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a bundle is made of.
#[derive(Debug)]
pub struct Order {
    /// The stick, or a folder that is copied to one.
    pub output: PathBuf,
    /// Its name: on a node it takes the place of an earlier one of the same name.
    pub name: Name,
    /// Full names of images.
    pub images: BTreeSet<String>,
    /// Archives of images; what they have is not asked of registries.
    pub archives: Vec<PathBuf>,
    /// Images that manifests may name although they are not in the bundle; full names.
    pub allowed_missing: BTreeSet<String>,
    /// Folder of manifests.
    pub manifests: Option<PathBuf>,
    /// What images are for.
    pub platforms: BTreeSet<Platform>,
    /// The releases.
    pub releases: Option<ReleaseOrder>,
    /// Who vouches for images and manifests.
    pub key: Option<PrivateKey>,
    /// What lies beside the bundle.
    pub config: Option<StickConfig>,
    /// Manifests in the configuration that nodes have, by name: their images must be there, too.
    pub config_manifests: BTreeMap<String, String>,
    /// Layers and configurations of images with more bytes lie in pieces; [`bundle::LARGEST_FILE`] for sticks.
    pub largest_file: u64,
    /// Registries without TLS.
    pub plain_http: Vec<String>,
}

/// Releases for a bundle.
#[derive(Debug)]
pub struct ReleaseOrder {
    /// The repository.
    pub source: Source,
    /// The root to begin with.
    pub root: Vec<u8>,
    /// Which: one at least.
    pub versions: BTreeSet<Version>,
}

/// A bundle that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Images.
    pub images: usize,
    /// Manifests.
    pub manifests: usize,
    /// Bytes of images and manifests.
    pub bytes: u64,
    /// When the first signature of the releases expires.
    pub expires: Option<Timestamp>,
}

/// Makes a bundle; `say` hears of each step before it begins.
///
/// # Errors
/// As [`MakeError`] says. Without its listing, which comes last, no node uses what was written; the next try uses it again.
pub async fn make(
    order: &Order,
    now: Timestamp,
    say: &mut dyn FnMut(&str),
) -> Result<Made, MakeError> {
    let manifests = match &order.manifests {
        Some(folder) => manifests::read(folder, say)?,
        None => BTreeMap::new(),
    };
    let archives = order.archives.iter().map(|path| Archive::open(path));
    let archives = archives.collect::<Result<Vec<_>, _>>()?;
    let mut images = order.images.clone();
    images.extend(archives.iter().flat_map(Archive::names).map(str::to_owned));
    check_closure(order, &manifests, &images)?;

    let folder = make_way(&order.output)?;
    let mut files = bring_images(order, &folder, &images, &archives, say).await?;
    files.extend(write_manifests(&folder, &manifests)?);
    let expires = copy_releases(order, &folder, now, say).await?;
    if let Some(config) = &order.config {
        config.write(&order.output)?;
    }
    let made = Made {
        images: images.len(),
        manifests: manifests.len(),
        bytes: files.values().map(|entry| entry.size).sum(),
        expires,
    };
    say("writing the listing");
    let content = Content {
        name: &order.name,
        key: order.key.as_ref(),
        // Manifests alone are for any machine.
        platforms: order
            .platforms
            .iter()
            .filter(|_| !images.is_empty())
            .map(|platform| platform.architecture().to_owned())
            .collect(),
        images,
        files,
    };
    write_listing(&folder, content, now)?;
    Ok(made)
}

fn check_closure(
    order: &Order,
    manifests: &BTreeMap<String, Manifest>,
    images: &BTreeSet<String>,
) -> Result<(), MakeError> {
    let mut all: Vec<(String, Cow<'_, [Value]>)> = Vec::new();
    for (name, manifest) in manifests {
        all.push((name.clone(), Cow::Borrowed(&manifest.documents)));
    }
    for (name, text) in &order.config_manifests {
        let name = format!("config.yaml, manifest {name}");
        let documents = manifests::documents(Path::new(&name), text.as_bytes())?;
        all.push((name, Cow::Owned(documents)));
    }
    let documents = all.iter();
    let documents = documents.flat_map(|(name, are)| are.iter().map(|it| (name.as_str(), it)));
    let missing = missing(&images_of(documents), images, &order.allowed_missing);
    match missing.is_empty() {
        true => Ok(()),
        false => Err(MakeError::Open(missing)),
    }
}

/// Makes the folder, and a bundle that is there already no bundle any more until it is whole again.
fn make_way(output: &Path) -> Result<PathBuf, MakeError> {
    let folder = output.join(FOLDER);
    fs::create_dir_all(&folder).map_err(MakeError::write(&folder))?;
    let ours = [IMAGES, MANIFESTS, RELEASES, LISTING, SIGNATURES, SUMS];
    for entry in fs::read_dir(&folder).map_err(MakeError::read(&folder))? {
        let path = entry.map_err(MakeError::read(&folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if !name.is_some_and(|name| ours.contains(&name)) {
            return Err(MakeError::InTheWay { path });
        }
    }
    for name in [LISTING, SIGNATURES, SUMS] {
        let path = folder.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(MakeError::write(&path))?;
        }
    }
    Ok(folder)
}

async fn bring_images(
    order: &Order,
    folder: &Path,
    images: &BTreeSet<String>,
    archives: &[Archive],
    say: &mut dyn FnMut(&str),
) -> Result<BTreeMap<String, Entry>, MakeError> {
    if images.is_empty() {
        let earlier = folder.join(IMAGES);
        host::folder::remove(&earlier).map_err(MakeError::write(&earlier))?;
        return Ok(BTreeMap::new());
    }
    let mut layout = Layout::open(folder, order.largest_file)?;
    let registry = Registry::new(&order.plain_http);
    for name in images {
        say(name);
        let has = |archive: &&Archive| archive.names().any(|is| is == name);
        let origin = match archives.iter().find(has) {
            Some(archive) => Origin::Archive(archive),
            None => Origin::Registry(&registry),
        };
        bring(origin, name, &order.platforms, &mut layout).await?;
    }
    layout.finish()
}

fn write_manifests(
    folder: &Path,
    manifests: &BTreeMap<String, Manifest>,
) -> Result<BTreeMap<String, Entry>, MakeError> {
    let folder = folder.join(MANIFESTS);
    if manifests.is_empty() && !folder.exists() {
        return Ok(BTreeMap::new());
    }
    fs::create_dir_all(&folder).map_err(MakeError::write(&folder))?;
    take_away_all_but(&folder, |name| manifests.contains_key(name))?;
    let mut entries = BTreeMap::new();
    for (name, manifest) in manifests {
        let path = folder.join(name);
        host::file::write(&path, 0o644, &manifest.text).map_err(MakeError::write(&path))?;
        let entry = Entry {
            size: manifest.text.len() as u64,
            sha256: host::digest::of_bytes(&manifest.text),
        };
        entries.insert(format!("{MANIFESTS}/{name}"), entry);
    }
    Ok(entries)
}

async fn copy_releases(
    order: &Order,
    folder: &Path,
    now: Timestamp,
    say: &mut dyn FnMut(&str),
) -> Result<Option<Timestamp>, MakeError> {
    let folder = folder.join(RELEASES);
    let Some(releases) = &order.releases else {
        host::folder::remove(&folder).map_err(MakeError::write(&folder))?;
        return Ok(None);
    };
    let archs = order.platforms.iter().map(|platform| match platform {
        Platform::Amd64 => Arch::Amd64,
        Platform::Arm64 => Arch::Arm64,
    });
    let (source, root, wanted) = (&releases.source, &releases.root, archs.collect());
    let which = (&releases.versions, &wanted);
    let expires = excerpt(source, root, which, &folder, now, say).await?;
    Ok(Some(expires))
}
