//! Why a node takes no release, in words for an operator.

use crate::format::{Arch, Version};
use jiff::Timestamp;
use std::fmt;

/// Why a node takes no release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwanted {
    /// It runs the version that is wanted.
    #[error("{0} is running already")]
    Running(Version),
    /// Nothing in the channel is newer.
    #[error("channel {channel} has nothing newer than {running}")]
    NothingNewer {
        /// The channel.
        channel: String,
        /// What runs.
        running: Version,
    },
    /// No release is in that channel.
    #[error("the repository has no channel {channel}; it has {}", Listed(.known))]
    UnknownChannel {
        /// What was asked for.
        channel: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// The repository has no such release.
    #[error("the repository has no release {version}; the newest is {}", .newest.as_ref().map_or("none".to_owned(), ToString::to_string))]
    UnknownVersion {
        /// What was asked for.
        version: Version,
        /// What it has.
        newest: Option<Version>,
    },
    /// It is not there for this machine.
    #[error("release {version} is not there for {arch}{}", Others(.there))]
    OtherArch {
        /// The release.
        version: Version,
        /// The node's architecture.
        arch: Arch,
        /// Those that it is there for.
        there: Vec<Arch>,
    },
    /// What runs is too old for it.
    #[error(
        "release {version} can be reached from {minimum} on, and {running} is running: upgrade to a release between first"
    )]
    BelowMinimum {
        /// The release.
        version: Version,
        /// The oldest that may upgrade to it.
        minimum: Version,
        /// What runs.
        running: Version,
    },
    /// Kubernetes moves one minor at a time.
    #[error(
        "release {version} has Kubernetes {kubernetes}, and {running} is running: no minor release can be left out, so go to a release between first"
    )]
    SkipsMinor {
        /// The release.
        version: Version,
        /// Its Kubernetes.
        kubernetes: String,
        /// What runs.
        running: String,
    },
    /// Its Kubernetes is older by a minor, and nobody asked for that, or it was not published for that.
    #[error(
        "release {version} has Kubernetes {kubernetes}, and {running} has written this node's datastore: an older one is taken only if a downgrade is asked for and the release was published as one to go back to"
    )]
    OlderKubernetes {
        /// The release.
        version: Version,
        /// Its Kubernetes.
        kubernetes: String,
        /// What runs.
        running: String,
    },
    /// It is older than what runs, and nobody asked for that.
    #[error(
        "release {version} is older than {running}, which is running: a downgrade must be asked for"
    )]
    Downgrade {
        /// The release.
        version: Version,
        /// What runs.
        running: Version,
    },
    /// It is older than what runs, and was not published for that.
    #[error(
        "release {version} is older than {running}, which is running, and was not published as one to go back to"
    )]
    DowngradeForbidden {
        /// The release.
        version: Version,
        /// What runs.
        running: Version,
    },
    /// Its time has not come.
    #[error("release {version} is given out in channel {channel} from {from} on")]
    NotYet {
        /// The release.
        version: Version,
        /// The channel.
        channel: String,
        /// When.
        from: Timestamp,
    },
    /// The percentage has not reached this node.
    #[error(
        "release {version} is given out to {rollout}% of the nodes in channel {channel}, and this one is not among them yet"
    )]
    NotInRollout {
        /// The release.
        version: Version,
        /// The channel.
        channel: String,
        /// The percentage.
        rollout: u8,
    },
}

/// What it is there for, behind what it is not.
struct Others<'a>(&'a [Arch]);

impl fmt::Display for Others<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.0.iter().map(|arch| arch.name()).collect();
        let names = names.join(", ");
        write!(
            out,
            ", which this machine is, but for {names} alone: take another release"
        )
    }
}

struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => out.write_str("none"),
            names => out.write_str(&names.join(", ")),
        }
    }
}
