//! How one node stands towards the release that it shall run.

use crate::facts::NodeFacts;
use semver::Version;
use upgrade_crd::{NodePhase, NodeUpgrade, Want};

/// How a node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It runs the release, or a newer one, and that is confirmed.
    Done,
    /// It has been asked to restart, or is cordoned for that: it is on its way.
    Moving(Move),
    /// The release failed there.
    Failed(String),
    /// Its kubelet does not answer.
    Away,
    /// It has not written the release to its slot yet, and says how far it is or why it cannot.
    Behind(String),
    /// It has, and waits for its turn.
    Staged,
}

/// What a node on its way is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// Its pods are moved away.
    Draining,
    /// It was asked to restart, and restarts, or is on trial.
    Trying,
}

/// Judges by what the node, the cluster and our own questions say.
pub(crate) fn stand(
    node: &NodeFacts,
    asked: Option<&NodeUpgrade>,
    upgrade: &str,
    target: &Version,
    retry: i64,
) -> Stand {
    let ours = |cordon: &crate::facts::Cordon| cordon.upgrade == upgrade;
    let cordoned = node.cordon.as_ref().is_some_and(ours);
    let Some(asked) = asked else {
        return behind(node, "the node has not been asked yet");
    };
    let status = asked.status.clone().unwrap_or_default();
    let trying =
        asked.spec.want == Want::Run && asked.spec.version.as_deref() == Some(&target.to_string());
    match status.phase {
        NodePhase::Restarting | NodePhase::Trial => return Stand::Moving(Move::Trying),
        _ if at_least(&status.running, target) => return Stand::Done,
        _ => {}
    }
    let failure = status
        .failed
        .iter()
        .rev()
        .find(|f| f.version == target.to_string());
    if let Some(failure) = failure
        && status.retried >= retry
        && status.phase != NodePhase::Staging
    {
        return Stand::Failed(failure.why.clone());
    }
    if trying {
        return Stand::Moving(Move::Trying);
    }
    if cordoned {
        return Stand::Moving(Move::Draining);
    }
    let fresh = Some(status.observed_generation) == asked.metadata.generation;
    match status.phase {
        NodePhase::Staged if fresh && status.staged.as_deref() == Some(&target.to_string()) => {
            if node.ready {
                Stand::Staged
            } else {
                Stand::Away
            }
        }
        _ => behind(node, &status.message),
    }
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

fn at_least(running: &str, target: &Version) -> bool {
    Version::parse(running).is_ok_and(|running| running >= *target)
}
