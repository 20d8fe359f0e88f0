//! What comes next for a node that is being drained.

use super::step::Plan;
use crate::facts::{Fleet, NodeFacts};
use jiff::{SignedDuration, Timestamp};
use kube::core::Duration;
use std::time;
use upgrade_crd::{Drain, Upgrade};

/// What comes next.
pub(super) enum Next {
    /// Its pods are gone, or shall end with the restart.
    Restart,
    /// Go on moving pods away; the text says which are left.
    Drain(String),
    /// It took too long.
    GiveBack(String),
}

pub(super) fn next(
    plan: &mut Plan,
    fleet: &Fleet,
    drain: &Drain,
    name: &str,
    node: &NodeFacts,
    now: Timestamp,
) -> Next {
    let Some(cordon) = node.cordon.as_ref().filter(|_| drain.enabled) else {
        return Next::Restart;
    };
    if !fleet.has_another(name) {
        return Next::Restart;
    }
    let Some(drained) = fleet.drains.get(name) else {
        return Next::Drain("its pods are moved away".to_owned());
    };
    if drained.left == 0 {
        return Next::Restart;
    }
    let mut why = format!("{} pods are still there", drained.left);
    if !drained.kept_by.is_empty() {
        why = format!("{why}: {}", drained.kept_by.join("; "));
    }
    let over = later(cordon.at, drain.timeout);
    if now >= over {
        return Next::GiveBack(format!(
            "{why}, after {} s",
            now.duration_since(cordon.at).as_secs()
        ));
    }
    plan.wake_at(over);
    Next::Drain(why)
}

/// Why a node that was given back does not come again yet: as long again as a drain may take.
pub(super) fn held_off(
    plan: &mut Plan,
    upgrade: &Upgrade,
    node: &NodeFacts,
    now: Timestamp,
) -> Option<String> {
    let given_back = node.given_back.as_ref()?;
    let again = later(given_back.at, upgrade.spec.drain.timeout);
    if now >= again {
        return None;
    }
    plan.wake_at(again);
    Some(format!(
        "it could not be drained: {}; its turn comes again at {again}",
        given_back.why
    ))
}

/// A span of the resource after a moment.
pub(super) fn later(at: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(time::Duration::from(span)).unwrap_or(SignedDuration::MAX);
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
