//! The name of a Plan, and what hangs on it.

use super::field::{is_null, mapping, text_of};
use super::told::Told;
use crate::draft::{map, text};
use os_config::tree::{Entry, Node, Span, Value};

/// What the API server refuses as a name, so that it cannot be forgotten.
const NO_NAME: &str = "<a name>";
/// What the API server writes itself: it says nothing about what anybody wanted.
const OF_THE_SERVER: [&str; 6] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
];

/// The metadata of the Upgrade of `plan`.
pub(super) fn metadata(told: &mut Told, plan: &Node) -> Node {
    let entry = plan.entry("metadata").filter(|entry| !is_null(entry));
    let at = entry.map_or(plan.span, |entry| entry.key_span);
    let mut name = None;
    let mut others: Vec<(&str, Node)> = Vec::new();
    let mut of_the_server = false;
    let fields = entry.map(|entry| mapping(told, entry, &["metadata"]));
    for field in fields.unwrap_or_default() {
        let way = ["metadata", field.key.as_str()];
        match field.key.as_str() {
            "name" => name = text_of(told, field, &way).filter(|name| !name.is_empty()),
            "namespace" => {
                told.changed(field.key_span, &way, "an Upgrade is in no namespace");
            }
            "labels" => others.extend(texts(told, field, &way).map(|kept| ("labels", kept))),
            "annotations" => {
                others.extend(texts(told, field, &way).map(|kept| ("annotations", kept)));
            }
            key if OF_THE_SERVER.contains(&key) => of_the_server = true,
            _ => {
                let message = "it belongs to the Plan in its cluster";
                told.lost(field.key_span, &way, &field.value, message);
            }
        }
    }
    if of_the_server {
        let message = "what the API server writes itself (uid, resourceVersion, …) stays behind";
        told.dropped(at, "metadata", message);
    }
    let named = name.unwrap_or_else(|| {
        told.changed(at, &["metadata", "name"], "the Plan has no name: write one");
        NO_NAME
    });
    let mut members = vec![("name", text(at, named))];
    members.extend(others);
    map(at, members)
}

/// Labels or annotations, without those of the tools that handled the Plan.
fn texts(told: &mut Told, field: &Entry, way: &[&str]) -> Option<Node> {
    let mut kept: Vec<(&str, Node)> = Vec::new();
    for entry in mapping(told, field, way) {
        let way = [way, &[&entry.key]].concat();
        let span = entry.key_span;
        let group = entry.key.split_once('/').map_or("", |(group, _)| group);
        if group.starts_with("kubectl.kubernetes.io") {
            told.dropped(span, &entry.key, "kubectl's own note of the Plan");
        } else if group.ends_with("cattle.io") {
            let message = "Holdfast reads nothing of Rancher's";
            told.lost(span, &way, &entry.value, message);
        } else if let Some(value) = text_of(told, entry, &way) {
            kept.push((&entry.key, text(entry.value.span, value)));
        }
    }
    (!kept.is_empty()).then(|| map(field.value.span, kept))
}

/// The name in the metadata.
pub(super) fn name(metadata: &Node) -> Option<String> {
    match &metadata.entry("name")?.value.value {
        Value::Scalar(_, name) if name != NO_NAME => Some(name.clone()),
        _ => None,
    }
}

/// The same metadata under another name.
pub(super) fn rename(metadata: &mut Node, span: Span, by: &str) {
    if let Value::Map(entries) = &mut metadata.value
        && let Some(entry) = entries.iter_mut().find(|entry| entry.key == "name")
    {
        entry.value = text(span, by);
    }
}
