//! When nodes of an upgrade were done, as far as it was seen.

use super::member::Members;
use crate::stand::{Stand, past};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// When nodes were done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    /// The last one.
    pub(super) last_done: Option<Timestamp>,
    /// As many as there have to be canaries.
    pub(super) canaries_done: Option<Timestamp>,
}

impl Times {
    pub(super) fn of(members: &Members<'_>) -> Self {
        let status = members.upgrade.status.as_ref();
        let known = |time: Option<&Time>| time.map(|time| past(time.0, members.now));
        let done = members.count(|stand| *stand == Stand::Done);
        let more = status.map_or(0, |status| status.done as usize) < done;
        let canary = members.upgrade.spec.strategy.canary.as_ref();
        let canaries = canary.map(|canary| (canary.nodes as usize).min(members.list.len()));
        let enough = canaries.is_some_and(|canaries| canaries > 0 && done >= canaries);
        let canaries_done = known(status.and_then(|status| status.canaries_done.as_ref()));
        let last_done = known(status.and_then(|status| status.last_done.as_ref()));
        Self {
            last_done: if more { Some(members.now) } else { last_done },
            canaries_done: canaries_done
                .filter(|_| enough)
                .or(enough.then_some(members.now)),
        }
    }
}
