//! Manifests and images that are named by URL.

use super::{OnlineError, fetch_text, print_error, write};
use crate::fetch::{self, Effort};
use crate::plan::image_file;
use init_api::Root;
use init_api::paths::{IMAGES, MANIFESTS};
use os_config::{Config, Image, Manifest, Sha256};
use runtime::fetched_file;
use std::path::Path;
use std::time::Duration;

/// Fetches the manifests and images that are named by URL. What is there already is kept when a server is away.
///
/// # Errors
/// When something could not be fetched; the rest was.
pub fn fetch_downloads(
    root: &Root,
    config: &Config,
    mut pause: impl FnMut(Duration),
) -> Result<(), OnlineError> {
    let mut failed = fetch_manifests(root, config, &mut pause);
    for image in &config.images {
        let Image::Url { url, sha256 } = image else {
            continue;
        };
        let path = root.path(IMAGES).join(image_file(url, sha256.as_ref()));
        let done = fetch_image(url.as_str(), sha256.as_ref(), &path, &mut pause);
        failed += usize::from(print_error(done));
    }
    if failed == 0 {
        Ok(())
    } else {
        Err(OnlineError::Several(failed))
    }
}

/// Fetches manifests; gives how many failed. Copies that are there are replaced only when all could be fetched: an object
/// may have moved from one file to another, and between the two it would be wanted by none.
fn fetch_manifests(root: &Root, config: &Config, pause: &mut impl FnMut(Duration)) -> usize {
    let mut fetched = Vec::new();
    let mut failed = 0;
    for manifest in &config.manifests {
        let (Manifest::Url { url, sha256, .. }, Some(file)) = (manifest, fetched_file(manifest))
        else {
            continue;
        };
        match fetch_manifest(url.as_str(), sha256.as_ref(), pause) {
            Ok(text) => fetched.push((Path::new(MANIFESTS).join(file), text)),
            Err(error) => failed += usize::from(print_error(Err(error))),
        }
    }
    let whole = failed == 0;
    for (path, text) in fetched {
        if whole || !root.path(&path).exists() {
            failed += usize::from(print_error(write(root, &path, text.as_bytes())));
        }
    }
    failed
}

/// An empty manifest would take out of the cluster what the last copy put there; so a server does not say that.
fn fetch_manifest(
    url: &str,
    sha256: Option<&Sha256>,
    pause: &mut impl FnMut(Duration),
) -> Result<String, OnlineError> {
    let text = fetch_text(url, Effort::MANIFEST, sha256.map(Sha256::as_str), pause)?;
    if text.trim().is_empty() {
        return Err(OnlineError::Empty {
            url: fetch::shown(url),
        });
    }
    Ok(text)
}

/// An image is fetched once: its URL names its version. What has the wrong digest never gets its name.
fn fetch_image(
    url: &str,
    sha256: Option<&Sha256>,
    path: &Path,
    pause: &mut impl FnMut(Duration),
) -> Result<(), OnlineError> {
    let whole = || std::fs::metadata(path).is_ok_and(|is| is.len() > 0);
    if whole() {
        return Ok(());
    }
    fetch::to_file(url, path, sha256.map(Sha256::as_str), pause)?;
    if whole() {
        return Ok(());
    }
    Err(OnlineError::Empty {
        url: fetch::shown(url),
    })
}
