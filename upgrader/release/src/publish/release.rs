//! Publishing a release, or giving it out in one more channel.

use super::books::{Books, no_targets, put, write};
use super::deltas::{self, New};
use super::error::PublishError;
use super::files::{add_files, facts_of};
use super::input::{self, Input};
use super::lifetimes::Lifetimes;
use crate::format::{Arch, Channel, RELEASES, Release, Releases, Severity, Version};
use crate::targets::path_with_digest;
use jiff::Timestamp;
use std::path::PathBuf;

/// A release, and how it is given out.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Folder of the repository.
    pub repo: PathBuf,
    /// Folder of the keys.
    pub keys: PathBuf,
    /// The UKI of a build.
    pub uki: PathBuf,
    /// Its boot image, if it made one.
    pub boot_image: Option<PathBuf>,
    /// Its root image.
    pub root: PathBuf,
    /// Its manifest.
    pub manifest: PathBuf,
    /// Its bill of materials.
    pub sbom: Option<PathBuf>,
    /// The channel that it is given out in; it stays in others.
    pub channel: String,
    /// Percentage of nodes.
    pub rollout: u8,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
    /// How much it matters; not given, it stays as it was published.
    pub severity: Option<Severity>,
    /// What is new, one line; not given, it stays as it was published.
    pub changelog: Option<String>,
    /// The oldest version that may upgrade to it; not given, it stays as it was published.
    pub min_version: Option<Version>,
    /// Whether newer releases may go back to it; once said, it stays.
    pub downgrade: bool,
    /// From so many releases before it, for the same architecture, deltas are made.
    pub deltas: usize,
    /// How long signatures count.
    pub lifetimes: Lifetimes,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The release.
    pub version: Version,
    /// For which architecture.
    pub arch: Arch,
    /// Whether anything was not so before.
    pub changed: bool,
    /// The releases from which deltas were made now.
    pub deltas: Vec<Version>,
}

/// Publishes a release for one architecture: adds its files, and puts it into a channel. Done twice, the second time changes
/// nothing.
///
/// # Errors
/// As [`PublishError`] says; then readers see the repository as it was.
pub async fn publish(asked: &Publication, now: Timestamp) -> Result<Published, PublishError> {
    let books = Books::open(&asked.repo, &asked.keys).await?;
    let mut input = input::read(
        &asked.manifest,
        (&asked.uki, asked.boot_image.as_deref()),
        &asked.root,
        asked.sbom.as_deref(),
    )?;
    let mut releases = books.releases().await?;
    let release = release(asked, &input, &releases)?;
    input.manifest.min_version.clone_from(&release.min_version);
    releases.put(release);

    let mut targets = match &books.published {
        Some(published) => published.targets.signed.clone(),
        None => no_targets(),
    };
    let mut changed = add_files(&asked.repo, &mut targets, input.clone())?;
    let new = New {
        manifest: &input.manifest,
        files: &input.files,
    };
    let deltas = deltas::add(&asked.repo, &mut targets, &releases, &new, asked.deltas)?;
    changed |= !deltas.is_empty();
    let list = releases.encode();
    let facts = facts_of(&list);
    if put(&mut targets, RELEASES, facts)? {
        changed = true;
        write(
            &asked.repo.join(path_with_digest(RELEASES, facts.digest)),
            &list,
        )?;
    }
    if changed {
        books.write(Some(targets), asked.lifetimes, now)?;
    }
    Ok(Published {
        version: input.manifest.version,
        arch: input.manifest.arch,
        changed,
        deltas,
    })
}

/// The release as it is on the list from now on.
fn release(
    asked: &Publication,
    input: &Input,
    releases: &Releases,
) -> Result<Release, PublishError> {
    let manifest = &input.manifest;
    let former = releases.get(&manifest.version).cloned();
    let known = former.is_some();
    let mut release = former.unwrap_or_else(|| Release {
        version: manifest.version.clone(),
        archs: [].into(),
        kubernetes: manifest.kubernetes.clone(),
        min_version: asked.min_version.clone(),
        downgrade: false,
        severity: Severity::Normal,
        changelog: String::new(),
        channels: [].into(),
    });
    let other = |what: &str| PublishError::Changed {
        version: manifest.version.to_string(),
        what: what.to_owned(),
    };
    if release.kubernetes != manifest.kubernetes {
        return Err(other("version of Kubernetes"));
    }
    if known && asked.min_version.is_some() && asked.min_version != release.min_version {
        return Err(other("minimum version"));
    }
    if release
        .min_version
        .as_ref()
        .is_some_and(|min| *min > manifest.version)
    {
        return Err(PublishError::Value {
            what: "the minimum version",
            why: "it is newer than the release",
        });
    }
    release.archs.insert(manifest.arch);
    release.downgrade |= asked.downgrade;
    release.severity = asked.severity.unwrap_or(release.severity);
    if let Some(changelog) = &asked.changelog {
        release.changelog.clone_from(changelog);
    }
    let channel = Channel {
        rollout: asked.rollout,
        not_before: asked.not_before,
    };
    release.channels.insert(asked.channel.clone(), channel);
    // Whoever reads the list checks all of this: nothing is published that they would refuse.
    release
        .check()
        .map_err(|(what, why)| PublishError::Value { what, why })?;
    Ok(release)
}
