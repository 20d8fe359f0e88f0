//! Manifests and images that are given as URLs: files for the keeper, fetched once the network is up. Manifests that
//! stand in the configuration itself go to the keeper with it.

use crate::facts::Facts;
use crate::step::Step;
use init_api::paths::{IMAGES, MANIFESTS};
use os_config::{Config, HttpUrl, Image, Sha256};
use runtime::{FETCHED_PREFIX, fetched_file};
use std::collections::BTreeSet;
use std::path::Path;

/// Until one is fetched, the last copy stands; what is no longer named goes. What manifests made stays in the cluster until
/// all that are named now are fetched: the keeper waits for them before it removes anything.
///
/// A configuration that may give way to another removes nothing: there may be no network then to fetch from again.
pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    if facts.provisional {
        return Vec::new();
    }
    let manifests = config.manifests.iter().filter_map(fetched_file);
    let images = config.images.iter().filter_map(|image| match image {
        Image::Url { url, sha256 } => Some(image_file(url, sha256.as_ref())),
        Image::Path(_) => None,
    });
    let mut steps = stale(MANIFESTS, &facts.manifests, &manifests.collect());
    steps.extend(stale(IMAGES, &facts.images, &images.collect()));
    steps
}

fn stale(directory: &str, there: &[String], wanted: &BTreeSet<String>) -> Vec<Step> {
    let ours = there
        .iter()
        .filter(|name| name.starts_with(FETCHED_PREFIX) && !wanted.contains(*name));
    ours.map(|name| Step::Remove {
        path: Path::new(directory).join(name),
    })
    .collect()
}

/// The file that an image becomes: a digest of the whole URL and of what it must give, with its end kept readable.
pub(crate) fn image_file(url: &HttpUrl, sha256: Option<&Sha256>) -> String {
    let url = url.as_str();
    let end = url.rsplit('/').next().unwrap_or_default();
    let readable: String = end
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .take(80)
        .collect();
    // Half of a digest tells addresses apart, and leaves the name short.
    let named = match sha256 {
        Some(sha256) => format!("{url} {sha256}"),
        None => url.to_owned(),
    };
    let digest = &host::digest::of_bytes(named)[..16];
    format!("{FETCHED_PREFIX}{digest}-{readable}")
}
