//! What a Plan says, as an Upgrade says it.

use super::drain::drain;
use super::field::{is_null, truth, whole};
use super::selector::{Of, selector};
use super::span;
use super::told::Told;
use super::window::window;
use crate::coerce::kind;
use crate::draft::{self, list, map, number, text};
use os_config::tree::{Entry, Node, Span, Value};

/// What the API server refuses as an address, so that it cannot be forgotten.
pub(super) const NO_SOURCE: &str = "<where your releases are>";
/// What the API server refuses as a channel.
pub(super) const NO_CHANNEL: &str = "<which of them>";

const RELEASE: &str = "it names versions of k3OS or k3s: say `source`, and `channel` or `version` of your Holdfast releases";

/// Fields that mean nothing here, and what to do instead.
const NOT_CARRIED: [(&str, &str); 11] = [
    ("channel", RELEASE),
    ("version", RELEASE),
    (
        "upgrade",
        "no container upgrades a node here: the node itself writes the signed release that `source` and `channel` or `version` name",
    ),
    (
        "prepare",
        "nothing runs on a node before its upgrade; if it waited for the servers' Plan: one Upgrade for all nodes takes servers first (`strategy.order`)",
    ),
    (
        "secrets",
        "there is no pod to mount them into; what a release may be is decided by the keys in each node's image",
    ),
    (
        "serviceAccountName",
        "an Upgrade needs no service account: nothing of it runs on the nodes as a pod",
    ),
    (
        "tolerations",
        "no pod has to get past a node's taints: every node that matches is upgraded, tainted or not; use `nodeSelector` to leave some out",
    ),
    (
        "imagePullSecrets",
        "no image is pulled: the release comes from `source`",
    ),
    ("priorityClassName", "there is no pod to have a priority"),
    (
        "jobActiveDeadlineSecs",
        "there is no job: a node has `health.deadline` (15m from its start) to be a good one and else goes back by itself, and a drain has `drain.timeout`",
    ),
    (
        "customNodeLabels",
        "nodes are not labelled after an upgrade: `kubectl get nodeupgrades` says what each runs; labels of nodes go to `labels` in config.yaml",
    ),
];

/// Fields that are carried over.
const CARRIED: [&str; 7] = [
    "concurrency",
    "nodeSelector",
    "exclusive",
    "window",
    "cordon",
    "drain",
    "postCompleteDelay",
];

/// The specification of the Upgrade of `plan`.
pub(super) fn spec(told: &mut Told, plan: &Node) -> Node {
    let at = plan.span;
    let nothing = Entry {
        key: "spec".to_owned(),
        key_span: at,
        value: Node::empty(at),
    };
    let mut spec = plan
        .entry("spec")
        .filter(|entry| !is_null(entry))
        .unwrap_or(&nothing);
    let emptied;
    if !matches!(spec.value.value, Value::Map(_)) {
        let message = format!(
            "it should be a mapping (key: value), not {}",
            kind(&spec.value)
        );
        told.lost(spec.key_span, &["spec"], &spec.value, message);
        emptied = Entry {
            key_span: spec.key_span,
            ..nothing.clone()
        };
        spec = &emptied;
    }
    for field in spec.value.entries() {
        left_behind(told, field);
    }
    let field = |key: &str| spec.value.entry(key);
    let mut members = vec![
        ("source", map(at, vec![("url", text(at, NO_SOURCE))])),
        ("channel", text(at, NO_CHANNEL)),
    ];
    let nodes = field("nodeSelector")
        .and_then(|entry| selector(told, entry, &["spec", "nodeSelector"], Of::Nodes));
    members.extend(nodes.map(|nodes| ("nodeSelector", nodes)));
    members.extend(strategy(told, spec).map(|strategy| ("strategy", strategy)));
    let window = field("window").and_then(|entry| window(told, entry));
    members.extend(window.map(|window| ("windows", list(at, vec![window]))));
    members.extend(drain(told, spec).map(|drain| ("drain", drain)));
    if told.paused {
        members.push(("paused", draft::truth(at, true)));
    }
    map(spec.value.span, members)
}

/// Tells of a field that is not carried over; of one that only says what is so anyway, nothing.
fn left_behind(told: &mut Told, field: &Entry) {
    let way = ["spec", field.key.as_str()];
    if is_null(field) || (CARRIED.contains(&way[1]) && way[1] != "exclusive") {
        return;
    }
    if field.key == "exclusive" {
        if truth(told, field, &way) == Some(true) {
            let message = "Upgrades of different nodes go on beside each other: put all nodes that exclude each other into one Upgrade";
            told.lost(field.key_span, &way, &field.value, message);
        }
        return;
    }
    match NOT_CARRIED.iter().find(|(key, _)| *key == field.key) {
        Some((_, message)) => told.lost(field.key_span, &way, &field.value, *message),
        None => {
            let known: Vec<&str> = NOT_CARRIED
                .iter()
                .map(|(key, _)| *key)
                .chain(CARRIED)
                .collect();
            told.unknown(field, &["spec"], &known);
        }
    }
}

/// How many nodes at a time, and how long between them.
fn strategy(told: &mut Told, spec: &Entry) -> Option<Node> {
    let at = spec.value.span;
    let mut members = Vec::new();
    if let Some(nodes) = concurrency(told, spec) {
        members.push(("maxUnavailable", nodes));
    }
    if let Some(entry) = spec.value.entry("postCompleteDelay") {
        let way = ["spec", "postCompleteDelay"];
        let delay = span::read(told, entry, &way, false);
        members.extend(delay.map(|delay| ("delay", text(entry.value.span, delay))));
    }
    (!members.is_empty()).then(|| map(at, members))
}

/// A Plan upgrades no node unless it says how many at a time.
fn concurrency(told: &mut Told, spec: &Entry) -> Option<Node> {
    let way = ["spec", "concurrency"];
    let entry = spec
        .value
        .entry("concurrency")
        .filter(|entry| !is_null(entry));
    let Some(entry) = entry else {
        none_at_a_time(told, spec.key_span, &way);
        return None;
    };
    let Some(count) = whole(told, entry, &way) else {
        told.pause(entry.key_span, &way);
        return None;
    };
    if count <= 0 {
        none_at_a_time(told, entry.key_span, &way);
        return None;
    }
    match u32::try_from(count) {
        Ok(count) => Some(number(entry.value.span, count.into())),
        Err(_) => {
            told.lost(
                entry.key_span,
                &way,
                &entry.value,
                "this number is too large",
            );
            None
        }
    }
}

fn none_at_a_time(told: &mut Told, span: Span, way: &[&str]) {
    told.paused = true;
    let message = "without a `concurrency` of one or more the Plan upgraded no node, so the Upgrade is `paused`; `strategy.maxUnavailable` is how many at a time (1)";
    told.changed(span, way, message);
}
