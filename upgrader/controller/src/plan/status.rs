//! What an upgrade says of itself.

use super::failures;
use super::gate::Gate;
use super::member::Members;
use super::obstacle::{REMOVED_APIS, SKEW};
use super::times::Times;
use crate::stand::Stand;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use upgrade_crd::{UpgradeStatus, Waiting};

/// The condition whose reason says why nothing moves.
pub(super) const PROGRESSING: &str = "Progressing";
/// How many nodes are named with why they wait.
const NAMED: usize = 20;

/// How an upgrade stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Progressing,
    Paused,
    Stopped,
    Complete,
}

const NO_NODE: &str = "the selector matches no node";

/// How an upgrade stands, why in a word, and for a person.
struct Said {
    state: State,
    reason: String,
    message: String,
}

impl Said {
    fn new(state: State, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            state,
            reason: reason.into(),
            message: message.into(),
        }
    }
}

pub(super) fn status(
    members: &Members<'_>,
    gate: &Gate,
    waiting: Vec<Waiting>,
    times: &Times,
) -> UpgradeStatus {
    let mut status = counted(members);
    status.version = members.newest().map(|newest| newest.to_string());
    status.last_done = times.last_done.map(Time);
    status.canaries_done = times.canaries_done.map(Time);
    let said = said(members, gate, &status, &waiting);
    status.waiting = waiting;
    status.waiting.truncate(NAMED);
    finish(members, said, status)
}

fn counted(members: &Members<'_>) -> UpgradeStatus {
    let count = |is: fn(&Stand) -> bool| u32::try_from(members.count(is)).unwrap_or(u32::MAX);
    let matched = count(|_| true);
    let done = count(|stand| *stand == Stand::Done);
    UpgradeStatus {
        observed_generation: members.upgrade.metadata.generation.unwrap_or_default(),
        matched,
        done,
        moving: count(|stand| matches!(stand, Stand::Moving(_))),
        failed: count(|stand| matches!(stand, Stand::Failed(_))),
        summary: format!("{done}/{matched}"),
        ..UpgradeStatus::default()
    }
}

fn said(members: &Members<'_>, gate: &Gate, status: &UpgradeStatus, waiting: &[Waiting]) -> Said {
    if status.matched == 0 {
        return Said::new(State::Waiting, "NoNode", NO_NODE);
    }
    if status.version.is_none() {
        return Said::new(State::Waiting, "NoRelease", without_target(members));
    }
    if status.done == status.matched {
        return Said::new(State::Complete, "Complete", "");
    }
    let line = |first: &Waiting| format!("{}: {}", first.node, first.message);
    // What moves says more than what is in the way of the others.
    let is_moving = |waiting: &&Waiting| {
        let mut moving = members
            .list
            .iter()
            .filter(|m| matches!(m.stand, Stand::Moving(_)));
        moving.any(|member| member.name == waiting.node)
    };
    if let Some(moving) = waiting.iter().find(is_moving) {
        return Said::new(State::Progressing, "Progressing", line(moving));
    }
    match &gate.shut {
        Some(shut) => {
            let state = match shut.reason {
                "Paused" => State::Paused,
                "Stopped" => State::Stopped,
                _ => State::Waiting,
            };
            Said::new(state, shut.reason, shut.message.clone())
        }
        None => match held(waiting) {
            Some(held) => Said::new(State::Waiting, held.reason.clone(), line(held)),
            None => {
                let first = waiting.first().map(line).unwrap_or_default();
                Said::new(State::Progressing, "Progressing", first)
            }
        },
    }
}

/// A node that the cluster is not ready for, if none of the others goes on by itself.
fn held(waiting: &[Waiting]) -> Option<&Waiting> {
    let is_held = |one: &&Waiting| [REMOVED_APIS, SKEW].contains(&one.reason.as_str());
    let rests = ["Away", "Failed", "NotGivenOut", "OtherUpgrade"];
    let all_rest = waiting
        .iter()
        .all(|one| is_held(&one) || rests.contains(&one.reason.as_str()));
    waiting.iter().find(is_held).filter(|_| all_rest)
}

/// Nobody knows yet which release it is.
fn without_target(members: &Members<'_>) -> String {
    let spec = &members.upgrade.spec;
    let Some(channel) = &spec.channel else {
        let version = spec.version.as_deref().unwrap_or_default();
        return format!("{version:?} is no version such as 0.2.0");
    };
    let told = members.own().find_map(|member| {
        let status = member.asked?.status.as_ref()?;
        (!status.message.is_empty()).then(|| format!(" ({}: {})", member.name, status.message))
    });
    let told = told.unwrap_or_default();
    format!("no node has told yet what channel {channel:?} has{told}")
}

fn finish(members: &Members<'_>, said: Said, mut status: UpgradeStatus) -> UpgradeStatus {
    let word = format!("{:?}", said.state);
    let generation = status.observed_generation;
    let condition = |kind: &str, holds: bool, reason: &str, message: &str| Condition {
        type_: kind.to_owned(),
        status: if holds { "True" } else { "False" }.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: Some(generation),
        last_transition_time: Time(members.now),
    };
    let (complete, progressing) = (
        said.state == State::Complete,
        said.state == State::Progressing,
    );
    let failure = failures::so_far(members);
    let degraded = match &failure {
        Some(failure) => condition("Degraded", true, "ReleaseFailed", failure),
        None => condition("Degraded", false, "NothingFailed", ""),
    };
    status.conditions = vec![
        condition("Complete", complete, &said.reason, &said.message),
        condition(PROGRESSING, progressing, &said.reason, &said.message),
        degraded,
    ];
    if let Some(before) = &members.upgrade.status {
        keep_times(&mut status.conditions, &before.conditions);
    }
    status.state = word;
    status.message = said.message;
    status
}

/// A condition that is as it was has been so since it became so.
fn keep_times(conditions: &mut [Condition], before: &[Condition]) {
    for condition in conditions {
        let same =
            |old: &&Condition| old.type_ == condition.type_ && old.status == condition.status;
        if let Some(old) = before.iter().find(same) {
            condition.last_transition_time = old.last_transition_time.clone();
        }
    }
}
