//! What comes next for a node that is being drained.

use super::step::Plan;
use crate::facts::{Drained, Fleet, NodeFacts};
use crate::stand::past;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use upgrade_crd::{Drain, Upgrade};

/// Pods are looked at again after this long.
pub(crate) const PACE: Duration = Duration::from_secs(3);

/// What comes next.
pub(super) enum Next {
    /// Its pods are gone, or shall end with the restart.
    Restart,
    /// Move pods away; the text says which are left.
    Drain(String),
    /// As `Drain`, in a moment.
    Wait(String),
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
    // The pods of the only node can go nowhere.
    if fleet.nodes.len() == 1 {
        return Next::Restart;
    }
    let drained = fleet.drains.get(name);
    if drained.is_some_and(|drained| drained.left == 0) {
        return Next::Restart;
    }
    let why = drained.map_or("its pods are moved away".to_owned(), in_words);
    let over = later(past(cordon.at, now), drain.timeout.into());
    if now >= over {
        let timeout = Duration::from(drain.timeout).as_secs();
        return Next::GiveBack(format!("{why}, after {timeout} s"));
    }
    plan.wake_at(over);
    match drained.map(|drained| later(drained.at, PACE)) {
        Some(again) if again > now && again <= later(now, PACE) => {
            plan.wake_at(again);
            Next::Wait(why)
        }
        _ => Next::Drain(why),
    }
}

fn in_words(drained: &Drained) -> String {
    let left = format!("pods that are still there: {}", drained.left);
    match drained.kept_by.join("; ").as_str() {
        "" => left,
        kept_by => format!("{left}; {kept_by}"),
    }
}

/// Why a node that was given back does not come again yet: as long again as a drain may take.
pub(super) fn held_off(
    plan: &mut Plan,
    upgrade: &Upgrade,
    node: &NodeFacts,
    now: Timestamp,
) -> Option<String> {
    let given_back = node.given_back.as_ref()?;
    let at = past(given_back.at, now);
    let again = later(at, upgrade.spec.drain.timeout.into());
    if now >= again {
        return None;
    }
    plan.wake_at(again);
    Some(format!(
        "{}; its turn comes again at {again}",
        given_back.why
    ))
}

/// A moment so much later.
pub(super) fn later(at: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
