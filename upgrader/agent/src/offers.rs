//! What a repository has for this node, and which release of it is meant.

use crate::node::Node;
use anyhow::{anyhow, bail};
use init_api::paths;
use release::{Arch, Client, Repository, Source, Trust, Version};
use std::path::Path;
use upgrade_api::{Offer, StageRequest, Wanted};

/// What the repository at `source` has for this node, the newest first.
///
/// # Errors
/// It cannot be read, or is not to be trusted.
pub(crate) async fn check(node: &Node, source: &str) -> anyhow::Result<Vec<Offer>> {
    let repository = open(node, source).await?;
    let record = node.record();
    let (running, id) = (node.running.version.parse()?, node.id());
    let about = about(node, &running, &id, false);
    let now = jiff::Timestamp::now();
    let given = |channel: &String| {
        let wanted = release::Wanted::Channel(channel.clone());
        let choice = repository.choose(&wanted, &about, now).ok();
        choice.map(|choice| choice.release.version)
    };
    let offers = repository.releases().iter().map(|release| {
        let wanted = release::Wanted::Version(release.version.clone());
        let failed =
            |failed: &&upgrade_api::FailedRelease| failed.version == release.version.to_string();
        let not_because = match repository.choose(&wanted, &about, now) {
            Err(why) => Some(why.to_string()),
            Ok(_) => record
                .failed
                .iter()
                .find(failed)
                .map(|failed| format!("it failed on this node: {}", failed.why.join("; "))),
        };
        Offer {
            version: release.version.to_string(),
            channels: release.channels.keys().cloned().collect(),
            given_by: release
                .channels
                .keys()
                .filter(|channel| given(channel).as_ref() == Some(&release.version))
                .cloned()
                .collect(),
            not_because,
            changelog: release.changelog.clone(),
        }
    });
    Ok(offers.collect())
}

/// Opens the repository, and verifies its metadata.
///
/// # Errors
/// It cannot be read, or is not to be trusted.
pub(crate) async fn open(node: &Node, source: &str) -> anyhow::Result<Repository> {
    let source: Source = source.parse()?;
    if let Source::Folder(folder) = &source
        && folder == Path::new(paths::STICK_RELEASES)
        && !folder.exists()
    {
        bail!(
            "no USB stick with a release is plugged into this node: it needs the label HOLDFAST and what `holdfast bundle --release` puts on it"
        );
    }
    let path = node.path(paths::RELEASE_ROOT);
    let root = std::fs::read(&path).map_err(|_| {
        anyhow!(
            "this image trusts no release keys, so it cannot be upgraded: build images with --release-root (docs/releases.md)"
        )
    })?;
    let trust = Trust::kept(node.path(paths::RELEASE_TRUST), root);
    let now = jiff::Timestamp::now();
    Ok(Client::new().open(&source, &trust, now).await?)
}

/// What this machine is.
///
/// # Errors
/// None that releases are made for.
pub(crate) fn arch() -> anyhow::Result<Arch> {
    let name = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    Ok(name.parse()?)
}

fn about<'a>(
    node: &'a Node,
    running: &'a Version,
    id: &'a str,
    allow_downgrade: bool,
) -> release::Node<'a> {
    release::Node {
        running,
        kubernetes: node.running.kubernetes.as_deref(),
        arch: arch().unwrap_or(Arch::Amd64),
        id,
        allow_downgrade,
    }
}

/// The version that is asked for.
///
/// # Errors
/// Why there is none for this node.
pub(crate) fn choose(
    node: &Node,
    repository: &Repository,
    request: &StageRequest,
) -> anyhow::Result<Version> {
    let wanted = match &request.wanted {
        Wanted::Version(version) => release::Wanted::Version(version.parse()?),
        Wanted::Channel(channel) => release::Wanted::Channel(channel.clone()),
    };
    let (running, id) = (node.running.version.parse()?, node.id());
    let now = jiff::Timestamp::now();
    let about = about(node, &running, &id, request.allow_downgrade);
    let choice = repository.choose(&wanted, &about, now)?;
    Ok(choice.release.version)
}
