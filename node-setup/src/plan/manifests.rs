//! Manifests that are given as URLs: files for the keeper, fetched once the network is up. Those that stand in the
//! configuration itself go to the keeper with it.

use crate::facts::Facts;
use crate::step::Step;
use os_config::{Config, Manifest};
use std::collections::BTreeSet;
use std::path::Path;

/// Where the keeper looks for manifests.
pub(crate) const DIRECTORY: &str = "/var/lib/holdfast/manifests";

/// Files with this prefix come from the configuration and go with it; others are the user's own.
const PREFIX: &str = "config-";

/// Until a manifest is fetched, the last copy stands; what is no longer named goes.
pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    let wanted: BTreeSet<String> = config
        .manifests
        .iter()
        .filter(|manifest| matches!(manifest, Manifest::Url { .. }))
        .map(file_name)
        .collect();
    let stale = facts
        .manifests
        .iter()
        .filter(|name| name.starts_with(PREFIX) && !wanted.contains(*name));
    stale
        .map(|name| Step::Remove {
            path: Path::new(DIRECTORY).join(name),
        })
        .collect()
}

/// The file that a manifest of the configuration becomes.
pub(crate) fn file_name(manifest: &Manifest) -> String {
    let name = manifest.name().as_str();
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))
        .unwrap_or(name);
    format!("{PREFIX}{stem}.yaml")
}
