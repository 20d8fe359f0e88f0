//! Manifests and images that are named by URL.

use super::{OnlineError, fetch_text, print_error, write};
use crate::fetch::{self, Effort};
use crate::plan::image_file;
use init_api::Root;
use init_api::paths::{IMAGES, MANIFESTS};
use os_config::{Config, Image, Manifest};
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
        let Image::Url(url) = image else { continue };
        let path = root.path(IMAGES).join(image_file(url.as_str()));
        failed += usize::from(print_error(fetch_image(url.as_str(), &path, &mut pause)));
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
        let (Manifest::Url { url, .. }, Some(file)) = (manifest, fetched_file(manifest)) else {
            continue;
        };
        match fetch_manifest(url.as_str(), pause) {
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
fn fetch_manifest(url: &str, pause: &mut impl FnMut(Duration)) -> Result<String, OnlineError> {
    let text = fetch_text(url, Effort::MANIFEST, pause)?;
    if text.trim().is_empty() {
        return Err(OnlineError::Empty {
            url: fetch::shown(url),
        });
    }
    Ok(text)
}

/// An image is fetched once: its URL names its version.
fn fetch_image(
    url: &str,
    path: &Path,
    pause: &mut impl FnMut(Duration),
) -> Result<(), OnlineError> {
    let whole = || std::fs::metadata(path).is_ok_and(|is| is.len() > 0);
    if whole() {
        return Ok(());
    }
    fetch::to_file(url, path, pause)?;
    if whole() {
        return Ok(());
    }
    Err(OnlineError::Empty {
        url: fetch::shown(url),
    })
}
