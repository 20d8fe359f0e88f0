//! What an upgrade says of itself.

use super::gate::Gate;
use super::member::Members;
use super::times::Times;
use crate::stand::Stand;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use upgrade_crd::{UpgradeStatus, Waiting};

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
    let (state, message) = state(members, gate, &status, &waiting);
    status.waiting = waiting;
    status.waiting.truncate(NAMED);
    finish(members, state, message, status, first_failure(members))
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

fn state(
    members: &Members<'_>,
    gate: &Gate,
    status: &UpgradeStatus,
    waiting: &[Waiting],
) -> (State, String) {
    if status.matched == 0 {
        return (State::Waiting, NO_NODE.to_owned());
    }
    if status.version.is_none() {
        return (State::Waiting, without_target(members));
    }
    if status.done == status.matched {
        return (State::Complete, String::new());
    }
    // What moves says more than what is in the way of the others.
    let is_moving = |waiting: &&Waiting| {
        let mut moving = members
            .list
            .iter()
            .filter(|m| matches!(m.stand, Stand::Moving(_)));
        moving.any(|member| member.name == waiting.node)
    };
    let moving = waiting.iter().find(is_moving);
    let said = moving.or(waiting.first());
    let said = said.map_or_else(String::new, |first| {
        format!("{}: {}", first.node, first.message)
    });
    match &gate.shut {
        _ if moving.is_some() => (State::Progressing, said),
        Some(shut) if shut.reason == "Paused" => (State::Paused, shut.message.clone()),
        Some(shut) if shut.reason == "Stopped" => (State::Stopped, shut.message.clone()),
        Some(shut) => (State::Waiting, shut.message.clone()),
        None => (State::Progressing, said),
    }
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

fn first_failure(members: &Members<'_>) -> Option<String> {
    members.list.iter().find_map(|member| match &member.stand {
        Stand::Failed(why) => Some(format!("the release failed on {}: {why}", member.name)),
        _ => None,
    })
}

fn finish(
    members: &Members<'_>,
    state: State,
    message: String,
    mut status: UpgradeStatus,
    failure: Option<String>,
) -> UpgradeStatus {
    let word = format!("{state:?}");
    let generation = status.observed_generation;
    let condition = |kind: &str, holds: bool, message: &str| Condition {
        type_: kind.to_owned(),
        status: if holds { "True" } else { "False" }.to_owned(),
        reason: word.clone(),
        message: message.to_owned(),
        observed_generation: Some(generation),
        last_transition_time: Time(members.now),
    };
    status.conditions = vec![
        condition("Complete", state == State::Complete, &message),
        condition("Progressing", state == State::Progressing, &message),
        condition(
            "Degraded",
            failure.is_some(),
            failure.as_deref().unwrap_or_default(),
        ),
    ];
    if let Some(before) = &members.upgrade.status {
        keep_times(&mut status.conditions, &before.conditions);
    }
    status.state = word;
    status.message = message;
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
