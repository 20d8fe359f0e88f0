//! How one node stands towards the release that it shall run.

use crate::facts::NodeFacts;
use jiff::Timestamp;
use semver::Version;
use upgrade_crd::{NodePhase, NodeUpgrade, Want};

/// How a node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It runs the release, or a newer one, and that is confirmed.
    Done,
    /// It is on its way.
    Moving(Move),
    /// It was asked to restart and does not.
    Refused(String),
    /// It is cordoned for a release that it shall not have any more.
    Outdated,
    /// The release failed there.
    Failed(String),
    /// Its kubelet does not answer.
    Away,
    /// It has not written the release to its slot yet, and says how far it is or why it cannot.
    Behind(String),
    /// It has, and waits for its turn.
    Staged,
    /// Its channel has nothing newer for it than it runs, though it has for others.
    NotGivenOut,
}

/// What a node on its way is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// Its pods are moved away.
    Draining,
    /// It was asked to restart, and restarts, or is on trial.
    Trying,
}

/// What a node is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aim<'a> {
    /// The upgrade's name.
    pub(crate) upgrade: &'a str,
    pub(crate) target: &'a Version,
    pub(crate) retry: i64,
    /// A node that runs a newer release is to go back to it.
    pub(crate) exactly: bool,
    /// Whoever is not back by now does not come back by itself.
    pub(crate) lost: bool,
}

impl Aim<'_> {
    fn is_reached(&self, running: &str) -> bool {
        if self.exactly {
            Version::parse(running).is_ok_and(|running| running == *self.target)
        } else {
            at_least(running, self.target)
        }
    }
}

/// Judges by what the node, the cluster and our own questions say.
pub(crate) fn stand(node: &NodeFacts, asked: Option<&NodeUpgrade>, aim: Aim<'_>) -> Stand {
    let Some(asked) = asked else {
        return behind(node, "the node has not been asked yet");
    };
    let status = asked.status.clone().unwrap_or_default();
    let target = aim.target.to_string();
    let lost = aim.lost && !node.ready;
    match status.phase {
        NodePhase::Restarting | NodePhase::Trial if !lost => {
            return Stand::Moving(Move::Trying);
        }
        NodePhase::Restarting | NodePhase::Trial => return not_back(),
        _ if aim.is_reached(&status.running) => return Stand::Done,
        _ => {}
    }
    let failure = status.failed.iter().rev().find(|f| f.version == target);
    if let Some(failure) = failure
        && status.retried >= aim.retry
        && status.phase != NodePhase::Staging
    {
        return Stand::Failed(failure.why.clone());
    }
    let fresh = Some(status.observed_generation) == asked.metadata.generation;
    if asked.spec.want == Want::Run && asked.spec.version.as_ref() == Some(&target) {
        return match status.phase {
            _ if lost => not_back(),
            NodePhase::Blocked if fresh => Stand::Refused(status.message),
            _ => Stand::Moving(Move::Trying),
        };
    }
    let is_staged = status.staged.as_ref() == Some(&target);
    if node
        .cordon
        .as_ref()
        .is_some_and(|cordon| cordon.upgrade == aim.upgrade)
    {
        return match is_staged {
            true => Stand::Moving(Move::Draining),
            false => Stand::Outdated,
        };
    }
    match status.phase {
        NodePhase::Staged if fresh && is_staged && node.ready => Stand::Staged,
        _ => behind(node, &status.message),
    }
}

fn not_back() -> Stand {
    Stand::Failed("it has not come back since it restarted into the release".to_owned())
}

fn behind(node: &NodeFacts, message: &str) -> Stand {
    if !node.ready {
        return Stand::Away;
    }
    Stand::Behind(match message {
        "" => "it has not said how far it is".to_owned(),
        message => message.to_owned(),
    })
}

pub(crate) fn at_least(running: &str, target: &Version) -> bool {
    Version::parse(running).is_ok_and(|running| running >= *target)
}

/// A moment that was written down; one that is still to come was written by a clock that was wrong.
pub(crate) fn past(at: Timestamp, now: Timestamp) -> Timestamp {
    if at > now { Timestamp::MIN } else { at }
}
