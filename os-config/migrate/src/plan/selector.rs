//! Label selectors. What cannot be carried over would widen them, so it pauses the Upgrade; but not the labels that only k3OS
//! sets: every node had them, or none has.

use super::field::{is_null, mapping};
use super::told::Told;
use crate::coerce::{kind, scalar};
use crate::draft::{list, map, text};
use crate::labels::of_k3os;
use os_config::tree::{Entry, Kind, Node, Value};

const THEIRS: &str = "only k3OS and its upgrades set this label, and no node of Holdfast has it";
/// k3s put both on servers; here they have the newer one.
const MASTER: &str = "node-role.kubernetes.io/master";
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// What is selected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Nodes.
    Nodes,
    /// Pods.
    Pods,
}

/// The selector in a field; `None` when it selects everything.
pub(super) fn selector(told: &mut Told, entry: &Entry, way: &[&str], of: Of) -> Option<Node> {
    const KEYS: [&str; 2] = ["matchLabels", "matchExpressions"];
    if is_null(entry) {
        return None;
    }
    if !matches!(entry.value.value, Value::Map(_)) {
        told.limit_lost(
            entry.key_span,
            way,
            &entry.value,
            "it should be a mapping (key: value)",
        );
        return None;
    }
    let told_before = told.remarks.len();
    let mut parts: Vec<(&str, Node)> = Vec::new();
    for member in entry.value.entries() {
        let way = [way, &[&member.key]].concat();
        let part = match member.key.as_str() {
            "matchLabels" => labels(told, member, &way, of),
            "matchExpressions" => expressions(told, member, &way, of),
            _ => {
                told.unknown(member, &way[..way.len() - 1], &KEYS);
                None
            }
        };
        if let Some(part) = part {
            parts.push((
                if member.key == KEYS[0] {
                    KEYS[0]
                } else {
                    KEYS[1]
                },
                part,
            ));
        }
    }
    if !parts.is_empty() {
        return Some(map(entry.value.span, parts));
    }
    if of == Of::Nodes && told.remarks.len() > told_before {
        let message = "nothing is left of it, so the Upgrade takes all nodes; to have it take some, give those a label (`labels` in config.yaml) and select it";
        told.changed(entry.key_span, way, message);
    }
    None
}

fn labels(told: &mut Told, member: &Entry, way: &[&str], of: Of) -> Option<Node> {
    let mut kept: Vec<(&str, Node)> = Vec::new();
    for label in mapping_or_limit(told, member, way) {
        let way = [way, &[&label.key]].concat();
        if of == Of::Nodes && of_k3os(&label.key) {
            told.lost(label.key_span, &way, &label.value, THEIRS);
        } else if let Value::Scalar(_, value) = &label.value.value {
            let value = if is_null(label) { "" } else { value };
            let key = renamed(told, label, &way, &label.key, of);
            kept.push((key, text(label.value.span, value)));
        } else {
            let message = format!("it should be a text, not {}", kind(&label.value));
            told.limit_lost(label.key_span, &way, &label.value, &message);
        }
    }
    // Two that became one: the same on every node that has it.
    kept.sort_by_key(|(key, _)| *key == CONTROL_PLANE);
    kept.dedup_by(|(a, _), (b, _)| a == b);
    (!kept.is_empty()).then(|| map(member.value.span, kept))
}

fn mapping_or_limit<'a>(told: &mut Told, member: &'a Entry, way: &[&str]) -> &'a [Entry] {
    let before = told.remarks.len();
    let entries = mapping(told, member, way);
    if told.remarks.len() > before {
        told.pause(member.key_span, way);
    }
    entries
}

fn expressions(told: &mut Told, member: &Entry, way: &[&str], of: Of) -> Option<Node> {
    let items = match &member.value.value {
        Value::List(items) => items.as_slice(),
        Value::Scalar(Kind::Null, _) => &[],
        _ => {
            let message = format!("it should be a list, not {}", kind(&member.value));
            told.limit_lost(member.key_span, way, &member.value, &message);
            &[]
        }
    };
    let kept: Vec<Node> = items
        .iter()
        .filter_map(|item| expression(told, item, way, of))
        .collect();
    (!kept.is_empty()).then(|| list(member.value.span, kept))
}

fn expression(told: &mut Told, item: &Node, way: &[&str], of: Of) -> Option<Node> {
    let member = |key: &str| item.entry(key).filter(|entry| !is_null(entry));
    let original = list(item.span, vec![item.clone()]);
    let key = member("key").and_then(|entry| Some((entry, scalar(&entry.value)?)));
    let operator = member("operator").and_then(|entry| scalar(&entry.value));
    let (Some((entry, key)), Some(operator)) = (key, operator) else {
        let message = "it needs a `key` and an `operator`";
        told.limit_lost(item.span, way, &original, message);
        return None;
    };
    if of == Of::Nodes && of_k3os(key) {
        let message = format!("{key}: {THEIRS}");
        told.lost(item.span, way, &original, message);
        return None;
    }
    let values: Option<Vec<Node>> = match member("values").map(|entry| &entry.value.value) {
        None => Some(Vec::new()),
        Some(Value::List(values)) => values
            .iter()
            .map(|value| scalar(value).map(|words| text(value.span, words)))
            .collect(),
        Some(_) => None,
    };
    let fits = |values: &Vec<Node>| match operator {
        "In" | "NotIn" => !values.is_empty(),
        "Exists" | "DoesNotExist" => values.is_empty(),
        _ => false,
    };
    let Some(values) = values.filter(fits) else {
        let message = "no selector of Kubernetes: `In` and `NotIn` have a list of `values`, `Exists` and `DoesNotExist` have none";
        told.limit_lost(item.span, way, &original, message);
        return None;
    };
    for unknown in item.entries() {
        if !["key", "operator", "values"].contains(&unknown.key.as_str()) {
            told.unknown(unknown, way, &["key", "operator", "values"]);
        }
    }
    let key = renamed(told, entry, way, key, of);
    let mut members = vec![
        ("key", text(entry.value.span, key)),
        ("operator", text(item.span, operator)),
    ];
    if !values.is_empty() {
        members.push(("values", list(item.span, values)));
    }
    Some(map(item.span, members))
}

/// The label as nodes have it here.
fn renamed<'a>(told: &mut Told, at: &Entry, way: &[&str], key: &'a str, of: Of) -> &'a str {
    if of == Of::Pods || key != MASTER {
        return key;
    }
    let message = format!("{MASTER} is {CONTROL_PLANE} here");
    told.changed(at.key_span, way, message);
    CONTROL_PLANE
}
