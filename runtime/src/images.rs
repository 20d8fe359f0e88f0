//! Loading image archives into containerd, and letting go what they brought when they are gone.
//!
//! Flow: import an archive → note its images → let go what no archive has any more. Guarantees: what is pinned because of
//! an archive is in the notes, but for an archive that a power cut interrupts, which is loaded again; and what is in the notes
//! and not in containerd any more is loaded again, for containerd alone knows what it has.

mod bundled;
mod ctr;
mod error;
mod notes;

pub use error::ImageError;

use crate::file::{self, PlannedFile};
use crate::{Paths, Settings, plan};
use bundle::Bundle;
use ctr::{Containerd, Store};
use notes::{Notes, Stamp};
use os_config::Image;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tracing::info;

/// Inside containerd's own folder, so that whoever empties that empties this too.
const LOADED: &str = "/var/lib/containerd/holdfast-images.json";
/// Apart from the user's, for another process writes it.
const SYSTEM_LOADED: &str = "/var/lib/containerd/holdfast-system-image.json";

/// Loads the image of pod sandboxes and system workloads, unless it is loaded. Older releases' stay: they are small, and
/// a node that goes back to one needs it.
///
/// # Errors
/// It cannot be read or loaded.
pub fn load_system_image(settings: &Settings, paths: &Paths) -> Result<(), ImageError> {
    let archive = paths.system_image();
    let stamp = stamp(&archive)?;
    // Its time is the same in every release; its name has the version.
    let key = format!("{} {}", archive.display(), settings.system_image());
    let at = paths.at(SYSTEM_LOADED);
    let mut notes = load(&at);
    let image = settings.system_image();
    if notes.has(&key, stamp, &BTreeSet::new()) && Containerd.names()?.contains(&image) {
        return Ok(());
    }
    Containerd.import(&archive, "system")?;
    notes.add(&key, stamp, BTreeSet::new());
    store(&at, &notes)
}

/// Loads the archives in the images folder, those on the node that are `listed` in the configuration, and the images of a stick's
/// bundle, those that are not loaded yet, and lets go what those archives brought that are gone. What a bundle brought stays when the
/// stick is pulled out, until another bundle of its name comes. One that fails does not keep the others from being loaded; gives
/// what went wrong.
pub(crate) fn load_user_images(
    paths: &Paths,
    listed: &[Image],
    bundle: Option<&Bundle>,
) -> Vec<String> {
    let local = |image: &Image| match image {
        Image::Path(path) => Some(PathBuf::from(path)),
        Image::Url { .. } => None,
    };
    let extra: Vec<PathBuf> = listed.iter().filter_map(local).collect();
    follow_archives(&Containerd, paths, &extra, bundle)
}

fn follow_archives(
    images: &dyn Store,
    paths: &Paths,
    extra: &[PathBuf],
    bundle: Option<&Bundle>,
) -> Vec<String> {
    let at = paths.at(LOADED);
    let mut notes = load(&at);
    let mut problems = Vec::new();
    let there = match known(images, &notes) {
        Ok(there) => there,
        Err(error) => return vec![format!("images: {}", with_cause(&error))],
    };
    let listed = archives(&paths.user_images());
    let mut all: BTreeSet<PathBuf> = extra.iter().cloned().collect();
    match &listed {
        Ok(found) => all.extend(found.iter().cloned()),
        Err(error) => problems.push(format!("images: {}", with_cause(error))),
    }
    for archive in &all {
        if let Err(error) = bring(images, &mut notes, &there, &at, archive) {
            problems.push(format!(
                "images: {}: {}",
                archive.display(),
                with_cause(&error)
            ));
        }
    }
    if let Some(bundle) = bundle {
        let brought = bundled::bring(images, &mut notes, &there, bundle);
        let noted = brought.and_then(|changed| match changed {
            true => store(&at, &notes),
            false => Ok(()),
        });
        if let Err(error) = noted {
            let name = bundle.listing().name();
            problems.push(format!("images of bundle {name}: {}", with_cause(&error)));
        }
    }
    // An archive that cannot be seen may be there all the same.
    if listed.is_ok() {
        let there = all.iter().map(|archive| archive.display().to_string());
        let there = there.chain(bundled::kept(&notes, bundle)).collect();
        if let Err(error) = let_go(images, &mut notes, &at, &there) {
            problems.push(format!("images: {}", with_cause(&error)));
        }
    }
    problems
}

fn archives(folder: &Path) -> Result<Vec<PathBuf>, ImageError> {
    let list = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    let archive = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ends = [".tar", ".tar.gz", ".tgz", ".tar.zst"];
        !name.starts_with('.') && ends.iter().any(|end| name.ends_with(end))
    };
    let mut all = list().map_err(|source| ImageError::Read {
        path: folder.into(),
        source,
    })?;
    all.retain(archive);
    Ok(all)
}

/// The images that containerd has; a node without archives does not ask.
fn known(images: &dyn Store, notes: &Notes) -> Result<BTreeSet<String>, ImageError> {
    if notes.are_empty() {
        return Ok(BTreeSet::new());
    }
    images.names()
}

/// Loads an archive unless it is loaded.
fn bring(
    images: &dyn Store,
    notes: &mut Notes,
    there: &BTreeSet<String>,
    at: &Path,
    archive: &Path,
) -> Result<(), ImageError> {
    let stamp = stamp(archive)?;
    let key = archive.display().to_string();
    if notes.has(&key, stamp, there) {
        return Ok(());
    }
    let mark = mark(&key, stamp);
    images.import(archive, &mark)?;
    info!("loaded the images in {key}");
    notes.add(&key, stamp, images.marked(&mark)?);
    store(at, notes)
}

/// Unpins what no archive has any more.
fn let_go(
    images: &dyn Store,
    notes: &mut Notes,
    at: &Path,
    there: &BTreeSet<String>,
) -> Result<(), ImageError> {
    let before = notes.clone();
    notes.keep_only(there);
    for name in notes.unneeded() {
        images.unpin(&name)?;
        info!("{name} is in no archive any more; containerd may remove it");
        notes.let_go(&name);
    }
    if *notes == before {
        return Ok(());
    }
    store(at, notes)
}

fn stamp(archive: &Path) -> Result<Stamp, ImageError> {
    let metadata = fs::metadata(archive).map_err(|source| ImageError::Read {
        path: archive.into(),
        source,
    })?;
    Ok(Stamp {
        size: metadata.size(),
        modified: metadata.mtime(),
    })
}

/// What containerd notes with images of an archive: no other one, and no other state of it, has the same.
fn mark(archive: &str, stamp: Stamp) -> String {
    let (size, modified) = (stamp.size.to_le_bytes(), stamp.modified.to_le_bytes());
    plan::digest([archive.as_bytes(), &size, &modified])
}

/// Notes that cannot be read only mean that archives are loaded once more.
fn load(at: &Path) -> Notes {
    let bytes = fs::read(at).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn store(at: &Path, notes: &Notes) -> Result<(), ImageError> {
    let text = serde_json::to_string_pretty(notes).expect("a map with text keys becomes JSON");
    Ok(file::write_lasting(&PlannedFile::new(
        at,
        0o600,
        text + "\n",
    ))?)
}

fn with_cause(error: &ImageError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

#[cfg(test)]
mod tests;
