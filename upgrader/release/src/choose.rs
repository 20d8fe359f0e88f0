//! Which release a node takes, or why none: a pure function of the list, what is wanted, the node and the time.

mod unwanted;

use crate::format::{Arch, Digest, Release, Releases, Version};
use jiff::Timestamp;
pub use unwanted::Unwanted;

/// What somebody wants a node to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This one. It is the whole wish: a channel's percentage and time do not count.
    Version(Version),
    /// The newest of a channel that is given out to this node.
    Channel(String),
}

/// What is known of the node.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// The version that it runs.
    pub running: &'a Version,
    /// What it is.
    pub arch: Arch,
    /// What it is told from others by, always the same: decides whether a percentage has reached it.
    pub id: &'a str,
    /// The version of Kubernetes that it runs, if that is known.
    pub kubernetes: Option<&'a str>,
    /// Whether somebody asked for an older release, or for one with an older Kubernetes. The release must allow it, too.
    pub allow_downgrade: bool,
}

/// A release that a node takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The release.
    pub release: Release,
    /// For which architecture.
    pub arch: Arch,
}

impl Releases {
    /// Which release the node takes. Of a channel it is the newest that is given out to this node and can be reached from what it
    /// runs, so that a release between is a stepping stone.
    ///
    /// # Errors
    /// Why none; of a channel, why not the newest.
    pub fn choose(
        &self,
        wanted: &Wanted,
        node: &Node<'_>,
        now: Timestamp,
    ) -> Result<Choice, Unwanted> {
        match wanted {
            Wanted::Version(version) => self.this(version, node),
            Wanted::Channel(channel) => self.newest_of(channel, node, now),
        }
    }

    fn this(&self, version: &Version, node: &Node<'_>) -> Result<Choice, Unwanted> {
        if version == node.running {
            return Err(Unwanted::Running(version.clone()));
        }
        let release = self.get(version).ok_or_else(|| Unwanted::UnknownVersion {
            version: version.clone(),
            newest: self.iter().next().map(|release| release.version.clone()),
        })?;
        reachable(release, node)
    }

    fn newest_of(
        &self,
        channel: &str,
        node: &Node<'_>,
        now: Timestamp,
    ) -> Result<Choice, Unwanted> {
        let mut members = self
            .iter()
            .filter(|r| r.channels.contains_key(channel))
            .peekable();
        if members.peek().is_none() {
            return Err(self.unknown(channel));
        }
        let mut why_not = None;
        for release in members.take_while(|release| release.version > *node.running) {
            match given_out(release, channel, node, now) {
                Ok(choice) => return Ok(choice),
                Err(why) => why_not = why_not.or(Some(why)),
            }
        }
        Err(why_not.unwrap_or_else(|| Unwanted::NothingNewer {
            channel: channel.to_owned(),
            running: node.running.clone(),
        }))
    }

    fn unknown(&self, channel: &str) -> Unwanted {
        let mut known: Vec<String> = self
            .iter()
            .flat_map(|r| r.channels.keys().cloned())
            .collect();
        known.sort();
        known.dedup();
        Unwanted::UnknownChannel {
            channel: channel.chars().take(32).collect(),
            known,
        }
    }
}

fn given_out(
    release: &Release,
    channel: &str,
    node: &Node<'_>,
    now: Timestamp,
) -> Result<Choice, Unwanted> {
    let choice = reachable(release, node)?;
    let (version, name) = (release.version.clone(), channel.to_owned());
    match release.channels.get(channel) {
        Some(given) if given.not_before.is_some_and(|from| now < from) => Err(Unwanted::NotYet {
            version,
            channel: name,
            from: given.not_before.unwrap_or(now),
        }),
        Some(given) if !reached(&version, node.id, given.rollout) => Err(Unwanted::NotInRollout {
            version,
            channel: name,
            rollout: given.rollout,
        }),
        _ => Ok(choice),
    }
}

/// Whether the node may go from what it runs to this release.
fn reachable(release: &Release, node: &Node<'_>) -> Result<Choice, Unwanted> {
    let (version, running) = (release.version.clone(), node.running.clone());
    if !release.archs.contains(&node.arch) {
        return Err(Unwanted::OtherArch {
            version,
            arch: node.arch,
            there: release.archs.iter().copied().collect(),
        });
    }
    if version < running {
        match (node.allow_downgrade, release.downgrade) {
            (false, _) => return Err(Unwanted::Downgrade { version, running }),
            (true, false) => return Err(Unwanted::DowngradeForbidden { version, running }),
            (true, true) => {}
        }
    } else if let Some(minimum) = release.min_version.clone().filter(|it| running < *it) {
        return Err(Unwanted::BelowMinimum {
            version,
            minimum,
            running,
        });
    }
    suits_kubernetes(release, node)?;
    Ok(chosen(release, node))
}

/// Kubernetes moves by one minor at a time, and goes down only where a downgrade would be taken: the datastore was written by the
/// newer one, whatever the number of the release.
fn suits_kubernetes(release: &Release, node: &Node<'_>) -> Result<(), Unwanted> {
    let running = node.kubernetes.unwrap_or_default();
    let (Some(now), Some(then)) = (minor(running), minor(&release.kubernetes)) else {
        return Ok(());
    };
    let (version, kubernetes) = (release.version.clone(), release.kubernetes.clone());
    let running = running.to_owned();
    if then < now && !(node.allow_downgrade && release.downgrade) {
        return Err(Unwanted::OlderKubernetes {
            version,
            kubernetes,
            running,
        });
    }
    if then.0 != now.0 || then.1.abs_diff(now.1) > 1 {
        return Err(Unwanted::SkipsMinor {
            version,
            kubernetes,
            running,
        });
    }
    Ok(())
}

/// Major and minor of a version of Kubernetes.
fn minor(version: &str) -> Option<(u64, u64)> {
    let version = semver::Version::parse(version.strip_prefix('v').unwrap_or(version)).ok()?;
    Some((version.major, version.minor))
}

fn chosen(release: &Release, node: &Node<'_>) -> Choice {
    Choice {
        release: release.clone(),
        arch: node.arch,
    }
}

/// Whether a percentage has reached a node: once it has, it stays so while the percentage rises. Other nodes are first with
/// another release.
fn reached(version: &Version, id: &str, rollout: u8) -> bool {
    let digest = Digest::of(format!("{version}\0{id}")).0;
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first) % 100 < u64::from(rollout)
}

#[cfg(test)]
mod tests;
