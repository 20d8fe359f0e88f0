//! `releases.json`: all releases of a repository, and in which channels they are.

use super::{Arch, ContentError, Version, content, manifest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The largest list that is read.
const LIMIT: usize = 1 << 20;
/// So many releases are read.
const MOST: usize = 4096;
const NOT_A_LINE: &str = "it is not one line of at most 500 characters";
const NOT_A_CHANNEL: &str = "a channel has 1 to 32 letters a-z, digits and '-'";

#[derive(Serialize, Deserialize)]
struct RawReleases {
    format: u32,
    releases: Vec<RawRelease>,
}

#[derive(Serialize, Deserialize)]
struct RawRelease {
    version: String,
    /// Those that this release does not know are left out.
    archs: BTreeSet<String>,
    kubernetes: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_version: Option<String>,
    #[serde(default)]
    downgrade: bool,
    #[serde(default)]
    severity: Severity,
    #[serde(default)]
    changelog: String,
    #[serde(default)]
    channels: BTreeMap<String, RawChannel>,
}

#[derive(Serialize, Deserialize)]
struct RawChannel {
    rollout: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
}

/// How much a release matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It closes holes.
    Security,
    /// It repairs what hurts.
    Important,
    /// Anything else, also what a later release calls otherwise.
    #[default]
    #[serde(other)]
    Normal,
}

/// How a release is given out in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channel {
    /// Percentage of nodes, 0 to 100.
    pub rollout: u8,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
}

/// One release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// For which architectures it is there.
    pub archs: BTreeSet<Arch>,
    /// Version of Kubernetes inside.
    pub kubernetes: String,
    /// The oldest version that may upgrade to it.
    pub min_version: Option<Version>,
    /// Whether a newer release may go back to it.
    pub downgrade: bool,
    /// How much it matters.
    pub severity: Severity,
    /// What is new, one line.
    pub changelog: String,
    /// The channels that it is in.
    pub channels: BTreeMap<String, Channel>,
}

impl Release {
    /// Whether every reader takes it: what cannot be used, and why.
    #[cfg(feature = "publish")]
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if !is_changelog(&self.changelog) {
            return Err(("the changelog", NOT_A_LINE));
        }
        for (name, channel) in &self.channels {
            if !is_channel_name(name) {
                return Err(("the channel", NOT_A_CHANNEL));
            }
            if channel.rollout > 100 {
                return Err(("the rollout", "it is not a percentage"));
            }
        }
        Ok(())
    }
}

/// All releases, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Releases(Vec<Release>);

impl Releases {
    /// Reads the list.
    ///
    /// # Errors
    /// As [`ContentError`] says; a version that stands twice is one.
    pub fn parse(bytes: &[u8]) -> Result<Releases, ContentError> {
        let raw: RawReleases = content::read(bytes, LIMIT)?;
        if raw.releases.len() > MOST {
            let why = format!("there are more than {MOST}");
            return Err(ContentError::value("releases", why));
        }
        let mut releases = Releases::default();
        for raw in raw.releases {
            let release = checked(raw)?;
            if releases.get(&release.version).is_some() {
                let key = format!("releases {}", release.version);
                return Err(ContentError::value(key, "it stands there twice"));
            }
            releases.put(release);
        }
        Ok(releases)
    }

    /// The text of the file.
    pub fn encode(&self) -> Vec<u8> {
        content::write(&RawReleases {
            format: content::FORMAT,
            releases: self.0.iter().map(raw).collect(),
        })
    }

    /// One of them.
    pub fn get(&self, version: &Version) -> Option<&Release> {
        let at = self.place(version).ok()?;
        self.0.get(at)
    }

    /// All of them, the newest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Release> {
        self.0.iter()
    }

    /// Adds a release, or replaces the one of its version.
    pub fn put(&mut self, release: Release) {
        match self.place(&release.version) {
            Ok(at) => self.0[at] = release,
            Err(at) => self.0.insert(at, release),
        }
    }

    fn place(&self, version: &Version) -> Result<usize, usize> {
        self.0.binary_search_by(|other| version.cmp(&other.version))
    }
}

fn checked(raw: RawRelease) -> Result<Release, ContentError> {
    let key = format!(
        "releases {:?}",
        raw.version.chars().take(80).collect::<String>()
    );
    let name = |what: &str| ContentError::name(format!("{key}, {what}"));
    if !is_changelog(&raw.changelog) {
        return Err(ContentError::value(format!("{key}, changelog"), NOT_A_LINE));
    }
    let min_version = raw.min_version.map(|version| version.parse()).transpose();
    let channels = raw
        .channels
        .into_iter()
        .map(|(name, raw)| channel(&key, name, &raw));
    Ok(Release {
        version: raw.version.parse().map_err(name("version"))?,
        archs: raw
            .archs
            .iter()
            .filter_map(|arch| arch.parse().ok())
            .collect(),
        kubernetes: manifest::kubernetes(raw.kubernetes)?,
        min_version: min_version.map_err(name("min_version"))?,
        downgrade: raw.downgrade,
        severity: raw.severity,
        changelog: raw.changelog,
        channels: channels.collect::<Result<_, _>>()?,
    })
}

fn channel(key: &str, name: String, raw: &RawChannel) -> Result<(String, Channel), ContentError> {
    let wrong = |what: &str, why: String| ContentError::value(format!("{key}, {what}"), why);
    if !is_channel_name(&name) {
        return Err(wrong("channels", NOT_A_CHANNEL.to_owned()));
    }
    if raw.rollout > 100 {
        let why = format!("{} is not a percentage", raw.rollout);
        return Err(wrong(&format!("channels.{name}.rollout"), why));
    }
    let not_before = raw.not_before.as_ref().map(|time| time.parse()).transpose();
    let channel = Channel {
        rollout: raw.rollout,
        not_before: not_before.map_err(|error: jiff::Error| {
            wrong(&format!("channels.{name}.not_before"), error.to_string())
        })?,
    };
    Ok((name, channel))
}

fn raw(release: &Release) -> RawRelease {
    let channel = |(name, channel): (&String, &Channel)| {
        let raw = RawChannel {
            rollout: channel.rollout,
            not_before: channel.not_before.map(|time| time.to_string()),
        };
        (name.clone(), raw)
    };
    RawRelease {
        version: release.version.to_string(),
        archs: release.archs.iter().map(ToString::to_string).collect(),
        kubernetes: release.kubernetes.clone(),
        min_version: release.min_version.as_ref().map(ToString::to_string),
        downgrade: release.downgrade,
        severity: release.severity,
        changelog: release.changelog.clone(),
        channels: release.channels.iter().map(channel).collect(),
    }
}

/// Whether a text can name a channel.
fn is_channel_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=32).contains(&text.len()) && text.chars().all(plain)
}

/// Whether a text can be shown as a line: control characters would let it write over a terminal.
fn is_changelog(text: &str) -> bool {
    text.chars().count() <= 500 && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"format": 1, "later": true, "releases": [
        {"version": "0.1.0", "archs": ["amd64", "riscv64"], "kubernetes": "1.36.3"},
        {"version": "0.2.0", "archs": ["amd64", "arm64"], "kubernetes": "1.37.2", "min_version": "0.1.0",
         "severity": "security", "changelog": "Closes holes.",
         "channels": {"stable": {"rollout": 25, "not_before": "2026-10-01T00:00:00Z"}, "beta": {"rollout": 100}}},
        {"version": "0.2.0-rc.1", "archs": [], "kubernetes": "1.37.2", "severity": "epic"}]}"#;

    #[test]
    fn the_newest_comes_first_and_what_is_written_is_read() {
        let releases = Releases::parse(LIST.as_bytes()).unwrap();
        let versions: Vec<_> = releases.iter().map(|r| r.version.to_string()).collect();
        assert_eq!(versions, ["0.2.0", "0.2.0-rc.1", "0.1.0"]);
        let first = releases.iter().next().unwrap();
        assert_eq!(first.channels["stable"].rollout, 25);
        assert_eq!(first.severity, Severity::Security);
        assert_eq!(releases.iter().nth(1).unwrap().severity, Severity::Normal);
        assert_eq!(releases.iter().nth(2).unwrap().archs, [Arch::Amd64].into());
        assert_eq!(Releases::parse(&releases.encode()).unwrap(), releases);
    }

    #[test]
    fn wrong_ones_say_where_and_why() {
        for (from, to, expected) in [
            ("\"format\": 1", "\"format\": 7", "it has format 7"),
            (
                "0.1.0\"",
                "0.1\"",
                "releases \"0.1\", version: \"0.1\" is not a version",
            ),
            (
                "0.2.0-rc.1",
                "0.2.0",
                "releases 0.2.0: it stands there twice",
            ),
            (
                "25",
                "101",
                "channels.stable.rollout: 101 is not a percentage",
            ),
            ("2026-10-01T", "soon ", "channels.stable.not_before: "),
            ("\"beta\"", "\"../beta\"", "channels: a channel has 1 to 32"),
            (
                "Closes holes.",
                "\\u001b[2J",
                "changelog: it is not one line",
            ),
            ("\"archs\"", "\"arch\"", "missing field `archs`"),
        ] {
            let error = Releases::parse(LIST.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(expected), "{from}: {error}");
        }
    }
}
