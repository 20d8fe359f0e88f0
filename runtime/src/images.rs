//! Loading image archives into containerd.

use crate::file::{self, PlannedFile};
use crate::{ClusterSettings, Paths};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use thiserror::Error;
use tracing::info;

/// Inside containerd's own folder, so that whoever empties that empties this too.
const LOADED: &str = "/var/lib/containerd/holdfast-images.json";

/// An archive could not be loaded.
#[derive(Debug, Error)]
pub enum ImageError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `ctr` cannot be run.
    #[error("cannot run `{command}`")]
    Run {
        /// The command.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// containerd does not take it.
    #[error("`{command}` failed: {words}")]
    Refused {
        /// The command.
        command: String,
        /// What it said.
        words: String,
    },
    /// What was loaded cannot be noted.
    #[error("cannot note what was loaded")]
    Note(#[from] file::FileError),
}

/// How an archive looked when it was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    modified: i64,
}

/// Loads the image of pod sandboxes and system workloads, unless it is loaded.
///
/// # Errors
/// It cannot be read or loaded.
pub fn load_system_image(settings: &ClusterSettings, paths: &Paths) -> Result<(), ImageError> {
    // Its time is the same in every release; its name has the version.
    load(paths, &paths.system_image(), &settings.system_image())
}

/// Loads the archives in the images folder and `extra`, those that are not loaded yet. One that fails does not keep the
/// others from being loaded; gives what went wrong.
pub(crate) fn load_user_images(paths: &Paths, extra: &[PathBuf]) -> Vec<String> {
    let listed = fs::read_dir(paths.user_images())
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path());
    let archive = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with('.')
            && [".tar", ".tar.gz", ".tgz", ".tar.zst"]
                .iter()
                .any(|end| name.ends_with(end))
    };
    let mut archives: Vec<PathBuf> = listed
        .filter(archive)
        .chain(extra.iter().cloned())
        .collect();
    archives.sort();
    archives.dedup();
    let mut problems = Vec::new();
    for path in archives {
        if let Err(error) = load(paths, &path, "") {
            let cause = std::error::Error::source(&error)
                .map(|c| format!(": {c}"))
                .unwrap_or_default();
            problems.push(format!("images: {}: {error}{cause}", path.display()));
        }
    }
    problems
}

fn load(paths: &Paths, archive: &Path, name: &str) -> Result<(), ImageError> {
    let metadata = fs::metadata(archive).map_err(|source| ImageError::Read {
        path: archive.into(),
        source,
    })?;
    let stamp = Stamp {
        size: metadata.size(),
        modified: metadata.mtime(),
    };
    let key = format!("{} {name}", archive.display());
    let mut loaded = loaded(paths);
    if loaded.get(&key) == Some(&stamp) {
        return Ok(());
    }
    import(archive)?;
    info!("loaded the images in {}", archive.display());
    loaded.insert(key, stamp);
    loaded.retain(|key, _| {
        key.rsplit_once(' ')
            .is_some_and(|(path, _)| Path::new(path).exists())
    });
    let text = serde_json::to_string_pretty(&loaded).expect("a map with text keys becomes JSON");
    Ok(file::write_lasting(&PlannedFile::new(
        paths.at(LOADED),
        0o600,
        text + "\n",
    ))?)
}

fn loaded(paths: &Paths) -> BTreeMap<String, Stamp> {
    let bytes = fs::read(paths.at(LOADED)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Pinned, so that the kubelet never removes them to make room; flushed, so that a power cut leaves whole files.
fn import(archive: &Path) -> Result<(), ImageError> {
    let mut command = Command::new("ctr");
    command.args([
        "--namespace",
        "k8s.io",
        "images",
        "import",
        "--sync-fs",
        "--label",
        "io.cri-containerd.pinned=pinned",
    ]);
    command.arg(archive);
    let shown = format!("ctr images import {}", archive.display());
    let output = command.output().map_err(|source| ImageError::Run {
        command: shown.clone(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(ImageError::Refused {
        command: shown,
        words: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
