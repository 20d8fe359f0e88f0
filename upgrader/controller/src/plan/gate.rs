//! Whether nodes of an upgrade may begin now, how many, and if not, why.

use super::drain::later;
use super::member::Members;
use super::step::Plan;
use crate::stand::Stand;
use crate::window::{self, Open};
use jiff::Timestamp;
use upgrade_crd::Want;

/// Whether nodes may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gate {
    /// How many more may begin.
    pub(super) free: usize,
    /// Why none may, whichever it is.
    pub(super) shut: Option<Shut>,
    /// How many come before all others, while they are not done.
    canaries: Option<usize>,
    /// What nodes do before it is their turn.
    pub(super) ahead: Want,
}

/// Why a node may not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shut {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Gate {
    /// Why the node at this place may not begin while so many are free.
    pub(super) fn refuses(&self, place: usize, free: usize) -> Option<Shut> {
        if self.shut.is_some() {
            return self.shut.clone();
        }
        if self.canaries.is_some_and(|canaries| place >= canaries) {
            let message = "the canary nodes come first".to_owned();
            return Some(Shut {
                reason: "WaitingForCanary",
                message,
            });
        }
        (free == 0).then(|| Shut {
            reason: "MaxUnavailable",
            message: "as many nodes are away as may be".to_owned(),
        })
    }
}

pub(super) fn gate(plan: &mut Plan, members: &Members<'_>, last_done: Option<Timestamp>) -> Gate {
    let spec = &members.upgrade.spec;
    let open = window::look(&spec.windows, members.now);
    let shut = paused(members)
        .or_else(|| stopped(members))
        .or_else(|| outside(plan, &open))
        .or_else(|| too_soon(plan, members, last_done));
    let ahead = if spec.paused || !(spec.prefetch || open == Open::Now) {
        Want::Report
    } else {
        Want::Stage
    };
    Gate {
        free: free(members),
        canaries: canaries(members).filter(|count| !all_done(members, *count)),
        shut,
        ahead,
    }
}

fn canaries(members: &Members<'_>) -> Option<usize> {
    let canary = members.upgrade.spec.strategy.canary.as_ref()?;
    Some((canary.nodes as usize).min(members.list.len()))
}

fn all_done(members: &Members<'_>, count: usize) -> bool {
    members.list[..count]
        .iter()
        .all(|member| member.stand == Stand::Done)
}

fn paused(members: &Members<'_>) -> Option<Shut> {
    members.upgrade.spec.paused.then(|| Shut {
        reason: "Paused",
        message: "spec.paused is set: no node begins".to_owned(),
    })
}

fn stopped(members: &Members<'_>) -> Option<Shut> {
    let canaries = canaries(members).unwrap_or(0);
    let stop_on_any = members.upgrade.spec.strategy.stop_on_failure;
    members.list.iter().enumerate().find_map(|(place, member)| match &member.stand {
        Stand::Failed(why) if stop_on_any || place < canaries => Some(Shut {
            reason: "Stopped",
            message: format!(
                "the release failed on {}: {why}. Raise spec.retry to try it again, or name another release",
                member.name
            ),
        }),
        _ => None,
    })
}

fn outside(plan: &mut Plan, open: &Open) -> Option<Shut> {
    match open {
        Open::Now => None,
        Open::At(at) => {
            plan.wake_at(*at);
            Some(Shut {
                reason: "OutsideWindow",
                message: format!("no window is open; the next one opens at {at}"),
            })
        }
        Open::UnknownZone(zone) => Some(Shut {
            reason: "UnknownTimeZone",
            message: format!(
                "the time zone {zone:?} of a window is not known; write it as in Europe/Berlin"
            ),
        }),
    }
}

/// Canaries soak, and after each node there is a pause.
fn too_soon(plan: &mut Plan, members: &Members<'_>, last_done: Option<Timestamp>) -> Option<Shut> {
    let (strategy, last) = (&members.upgrade.spec.strategy, last_done?);
    let done = members
        .list
        .iter()
        .filter(|member| member.stand == Stand::Done)
        .count();
    let soak = strategy.canary.as_ref().and_then(|canary| canary.soak);
    // The soak is over once a node beyond the canaries was let through.
    let soaking = canaries(members).is_some_and(|count| all_done(members, count) && done == count);
    let soak = soak
        .filter(|_| soaking)
        .map(|soak| ("Soaking", later(last, soak)));
    let delay = strategy.delay.map(|delay| ("Delay", later(last, delay)));
    let (reason, until) = [soak, delay]
        .into_iter()
        .flatten()
        .max_by_key(|(_, until)| *until)?;
    if members.now >= until {
        return None;
    }
    plan.wake_at(until);
    let message = match reason {
        "Soaking" => format!("the canary nodes have to run well until {until}"),
        _ => format!("the next node begins at {until}"),
    };
    Some(Shut { reason, message })
}

/// A server that is away counts, so that no two of a control plane are missing; an agent that is away has nothing to lose.
fn free(members: &Members<'_>) -> usize {
    let allowed = members
        .upgrade
        .spec
        .strategy
        .max_unavailable
        .of(members.list.len());
    let away = members.list.iter().filter(|member| match &member.stand {
        Stand::Moving(_) => true,
        Stand::Done | Stand::Failed(_) => !member.node.ready,
        _ => !member.node.ready && member.node.server,
    });
    allowed.saturating_sub(away.count())
}
