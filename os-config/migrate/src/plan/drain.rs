//! How pods are moved away.

use super::field::{is_null, mapping, truth, whole};
use super::selector::{Of, selector};
use super::span;
use super::told::Told;
use crate::draft::{self, map, number, text};
use os_config::tree::{Entry, Node};

const WAY: [&str; 2] = ["spec", "drain"];
const KEYS: [&str; 9] = [
    "timeout",
    "gracePeriod",
    "deleteLocalData",
    "deleteEmptydirData",
    "ignoreDaemonSets",
    "force",
    "disableEviction",
    "skipWaitForDeleteTimeout",
    "podSelector",
];

/// What an Upgrade says of it; `None` when that is what an Upgrade does anyway. A Plan drains only when it says so.
pub(super) fn drain(told: &mut Told, spec: &Entry) -> Option<Node> {
    let member = |key: &str| spec.value.entry(key).filter(|entry| !is_null(entry));
    let Some(entry) = member("drain") else {
        let at = member("cordon").unwrap_or(spec);
        let message = "the Plan moves no pods away before a node restarts, so `drain.enabled` is false; without that line they are moved, which is better for them";
        told.changed(
            at.key_span,
            &[
                "spec",
                if at.key == "cordon" {
                    "cordon"
                } else {
                    "drain"
                },
            ],
            message,
        );
        let off = draft::truth(at.key_span, false);
        return Some(map(at.key_span, vec![("enabled", off)]));
    };
    let mut members: Vec<(&str, Node)> = Vec::new();
    for field in mapping(told, entry, &WAY) {
        if let Some((key, value)) = member_of(told, field, &mut members) {
            members.retain(|(before, _)| *before != key);
            members.push((key, value));
        }
    }
    (!members.is_empty()).then(|| map(entry.value.span, members))
}

/// What becomes of one field.
fn member_of(
    told: &mut Told,
    field: &Entry,
    before: &mut Vec<(&str, Node)>,
) -> Option<(&'static str, Node)> {
    let at = field.value.span;
    let way = ["spec", "drain", field.key.as_str()];
    match field.key.as_str() {
        "timeout" if span::is_zero(field) => {
            lose(
                told,
                field,
                "it meant without end, and a drain here has one: 5m unless `drain.timeout` says another, and then the node's turn comes again",
            );
            None
        }
        "timeout" => {
            let span = span::read(told, field, &way, true)?;
            Some(("timeout", text(at, span)))
        }
        "gracePeriod" => {
            let seconds = whole(told, field, &way)?;
            // What is negative leaves it to the pod, as an Upgrade does anyway.
            let seconds = u64::try_from(seconds).ok()?;
            Some(("gracePeriodSeconds", number(at, seconds)))
        }
        "deleteLocalData" | "deleteEmptydirData" => {
            let value = truth(told, field, &way)?;
            let twice = before.iter().any(|(key, _)| *key == "deleteEmptyDirData");
            if twice {
                let message = "`deleteLocalData` and `deleteEmptydirData` are the same, and no Plan has both; the one that comes last counts";
                told.changed(field.key_span, &way, message);
            }
            Some(("deleteEmptyDirData", draft::truth(at, value)))
        }
        "force" => Some(("force", draft::truth(at, truth(told, field, &way)?))),
        "podSelector" => Some(("podSelector", selector(told, field, &way, Of::Pods)?)),
        _ => {
            without_equal(told, field, &way);
            None
        }
    }
}

/// Tells of a field that no Upgrade has, where it asks for what a drain does not do anyway.
fn without_equal(told: &mut Told, field: &Entry, way: &[&str]) {
    let message = match field.key.as_str() {
        "ignoreDaemonSets" => (truth(told, field, way) == Some(false))
            .then_some("pods of DaemonSets stay on the node in every drain here"),
        "disableEviction" => (truth(told, field, way) == Some(true)).then_some(
            "pods are evicted here and their disruption budgets kept; what a budget holds back is named in the status",
        ),
        "skipWaitForDeleteTimeout" => whole(told, field, way)
            .is_some_and(|seconds| seconds > 0)
            .then_some("every pod is waited for here, up to `drain.timeout`"),
        _ => {
            told.unknown(field, &WAY, &KEYS);
            None
        }
    };
    if let Some(message) = message {
        lose(told, field, message);
    }
}

fn lose(told: &mut Told, field: &Entry, message: &str) {
    let way = ["spec", "drain", field.key.as_str()];
    told.lost(field.key_span, &way, &field.value, message);
}
