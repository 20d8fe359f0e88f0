//! What a repository has for this node, and which release of it is meant.

use crate::node::Node;
use anyhow::{anyhow, bail};
use init_api::paths;
use release::{
    Arch, Client, File, Place, Release, Repository, Source, Trust, Version, target_name,
};
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
    let there =
        |release: &&Release| lies(&repository, &release.version, about.arch) != Lies::Nowhere;
    let offers = repository.releases().iter().filter(there).map(|release| {
        let lies = lies(&repository, &release.version, about.arch);
        let wanted = release::Wanted::Version(release.version.clone());
        let failed =
            |failed: &&upgrade_api::FailedRelease| failed.version == release.version.to_string();
        let not_because = match repository.choose(&wanted, &about, now) {
            Err(why) => Some(why.to_string()),
            Ok(_) => lies.why_not(&release.version, about.arch).or_else(|| {
                let failed = record.failed.iter().find(failed);
                failed.map(|failed| format!("it failed on this node: {}", failed.why.join("; ")))
            }),
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

/// Whether the source is what a stick has, and none with releases is plugged in.
pub(crate) fn is_stick_without_releases(node: &Node, source: &str) -> bool {
    let stick = Path::new(paths::STICK_RELEASES);
    Path::new(source) == stick && !node.path(paths::STICK_RELEASES).exists()
}

/// Opens the repository, and verifies its metadata.
///
/// # Errors
/// It cannot be read, or is not to be trusted.
pub(crate) async fn open(node: &Node, source: &str) -> anyhow::Result<Repository> {
    if is_stick_without_releases(node, source) {
        bail!(
            "no USB stick with a release is plugged into this node: it needs the label HOLDFAST and what `holdfast bundle --release` puts on it"
        );
    }
    let source: Source = source.parse()?;
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

/// Whether a release lies in a repository that is a folder. The metadata on a stick names more than was brought.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lies {
    /// For this machine; or the repository is on a server.
    Here,
    /// For these alone.
    ForOthers(Vec<Arch>),
    Nowhere,
}

fn lies(repository: &Repository, version: &Version, arch: Arch) -> Lies {
    let is_there = |arch: &Arch| {
        let manifest = target_name(version, *arch, File::Manifest);
        repository.place(&manifest) != Place::Missing
    };
    if is_there(&arch) {
        return Lies::Here;
    }
    let others: Vec<Arch> = Arch::ALL.into_iter().filter(is_there).collect();
    match others.is_empty() {
        true => Lies::Nowhere,
        false => Lies::ForOthers(others),
    }
}

impl Lies {
    /// Why this machine does not take the release from there, and what to do.
    fn why_not(&self, version: &Version, arch: Arch) -> Option<String> {
        match self {
            Self::Here => None,
            Self::ForOthers(others) => {
                let others: Vec<&str> = others.iter().map(|arch| arch.name()).collect();
                Some(format!(
                    "release {version} was brought for {} alone, and this machine is {arch}: make the stick again with `--platform {arch}`, which may \
                     be given twice",
                    others.join(", ")
                ))
            }
            Self::Nowhere => Some(format!(
                "the repository names release {version}, and its files are not there: bring them with `holdfast bundle --release {version}`"
            )),
        }
    }
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
    let version = repository.choose(&wanted, &about, now)?.release.version;
    match lies(repository, &version, about.arch).why_not(&version, about.arch) {
        Some(why) => bail!("{why}"),
        None => Ok(version),
    }
}

#[cfg(test)]
mod tests {
    use super::{Lies, lies};
    use crate::bring::tests::Case;
    use release::{Arch, Source};

    #[tokio::test(flavor = "current_thread")]
    async fn a_stick_has_some_of_the_releases_that_it_names() {
        let case = Case::new().await;
        let server = case.server.url.parse().expect("an address");
        let stick = Source::Folder(case.stick(&["0.1.0"]).await);
        for (source, version, arch, expected, says) in [
            (&stick, "0.1.0", Arch::Amd64, Lies::Here, ""),
            (
                &stick,
                "0.1.0",
                Arch::Arm64,
                Lies::ForOthers(vec![Arch::Amd64]),
                "brought for amd64 alone, and this machine is arm64: make the stick again with `--platform arm64`",
            ),
            (
                &stick,
                "0.2.0",
                Arch::Amd64,
                Lies::Nowhere,
                "its files are not there",
            ),
            (&server, "0.2.0", Arch::Amd64, Lies::Here, ""),
        ] {
            let repository = case.open(source).await;
            let version = version.parse().expect("a version");
            let found = lies(&repository, &version, arch);
            assert_eq!(found, expected, "{version} for {arch}");
            let why = found.why_not(&version, arch).unwrap_or_default();
            assert!(why.contains(says), "{why}");
            assert_eq!(why.is_empty(), says.is_empty(), "{why}");
        }
    }
}
