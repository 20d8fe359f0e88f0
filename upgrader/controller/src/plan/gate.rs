//! Whether nodes of an upgrade may begin now, how many, and if not, why.

use super::drain::later;
use super::failures;
use super::member::Members;
use super::shut::Shut;
use super::step::Plan;
use super::times::Times;
use crate::stand::Stand;
use crate::window::{self, Open};
use upgrade_crd::Want;

/// Whether nodes may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gate {
    /// How many more may begin.
    pub(super) free: usize,
    /// Why none may, whichever it is.
    pub(super) shut: Option<Shut>,
    /// Why no more may than are free.
    full: Shut,
    /// What nodes do before it is their turn.
    pub(super) ahead: Want,
}

impl Gate {
    /// Why a node may not begin while so many are free.
    pub(super) fn refuses(&self, free: usize) -> Option<Shut> {
        let full = (free == 0).then_some(&self.full);
        self.shut.as_ref().or(full).cloned()
    }
}

pub(super) fn gate(plan: &mut Plan, members: &Members<'_>, times: &Times) -> Gate {
    let spec = &members.upgrade.spec;
    let open = window::open_at(&spec.windows, members.now);
    let shut = paused(members)
        .or_else(|| stopped(members))
        .or_else(|| outside(plan, &open))
        .or_else(|| too_soon(plan, members, times));
    let ahead = if spec.paused || !(spec.prefetch || open == Open::Now) {
        Want::Report
    } else {
        Want::Stage
    };
    let (free, full) = free(members);
    Gate {
        free,
        shut,
        full,
        ahead,
    }
}

/// How many canaries there still have to be, beside those that are done.
fn canaries_missing(members: &Members<'_>) -> Option<usize> {
    let canary = members.upgrade.spec.strategy.canary.as_ref()?;
    let count = (canary.nodes as usize).min(members.list.len());
    let done = members.count(|stand| *stand == Stand::Done);
    (done < count).then(|| count - done)
}

fn paused(members: &Members<'_>) -> Option<Shut> {
    let paused = members.upgrade.spec.paused;
    paused.then(|| Shut::new("Paused", "spec.paused is set: no node begins"))
}

fn stopped(members: &Members<'_>) -> Option<Shut> {
    failures::too_many(members, canaries_missing(members).is_some())
}

fn outside(plan: &mut Plan, open: &Open) -> Option<Shut> {
    match open {
        Open::Now => None,
        Open::At(at) => {
            plan.wake_at(*at);
            let message = format!("no window is open; the next one opens at {at}");
            Some(Shut::new("OutsideWindow", message))
        }
        Open::UnknownZone(zone) => Some(Shut::new(
            "UnknownTimeZone",
            format!(
                "the time zone {zone:?} of a window is not known; write it as in Europe/Berlin"
            ),
        )),
    }
}

/// Canaries soak, and after each node there is a pause.
fn too_soon(plan: &mut Plan, members: &Members<'_>, times: &Times) -> Option<Shut> {
    let strategy = &members.upgrade.spec.strategy;
    let soak = strategy.canary.as_ref().and_then(|canary| canary.soak);
    let until = |at: Option<_>, span: Option<_>| Some(later(at?, std::time::Duration::from(span?)));
    let soaked = until(times.canaries_done, soak).map(|until| ("Soaking", until));
    let delayed = until(times.last_done, strategy.delay).map(|until| ("Delay", until));
    let both = [soaked, delayed].into_iter().flatten();
    let (reason, until) = both.max_by_key(|(_, until)| *until)?;
    if members.now >= until {
        return None;
    }
    plan.wake_at(until);
    let message = match reason {
        "Soaking" => format!("the canary nodes have to run well until {until}"),
        _ => format!("the next node begins at {until}"),
    };
    Some(Shut::new(reason, message))
}

/// How many more may begin, and why no more. What is cordoned for an upgrade counts until it is given back; a server that is away
/// counts, too. An agent that is away has nothing to lose.
fn free(members: &Members<'_>) -> (usize, Shut) {
    let all = members.list.len();
    let allowed = members.upgrade.spec.strategy.max_unavailable.of(all);
    let is_away = |member: &&super::member::Member<'_>| {
        matches!(member.stand, Stand::Moving(_))
            || member.node.cordon.is_some()
            || (member.node.server && !member.node.ready)
    };
    let away = members.list.iter().filter(is_away);
    let names: Vec<&str> = away.clone().take(5).map(|member| member.name).collect();
    let free = allowed.saturating_sub(away.count());
    let message = format!("as many nodes are away as may be: {}", names.join(", "));
    let full = Shut::new("MaxUnavailable", message);
    let Some(missing) = canaries_missing(members) else {
        return (free, full);
    };
    let moving = members.count(|stand| matches!(stand, Stand::Moving(_)));
    let canaries = missing.saturating_sub(moving);
    if canaries > free {
        return (free, full);
    }
    let wait = Shut::new("WaitingForCanary", "the canary nodes come first");
    (canaries, wait)
}
