//! Labels and taints of this node as the configuration has them.

use crate::Settings;
use k8s_openapi::api::core::v1::Node;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Names the labels that the configuration brought, comma-separated, so that they can be taken away again.
pub(super) const LABELS: &str = "holdfast.dev/labels";
/// Names the taints that the configuration brought, as `key:effect`, comma-separated.
pub(super) const TAINTS: &str = "holdfast.dev/taints";
const ROLE: &str = "node-role.kubernetes.io/control-plane";

/// The merge patch that brings a node's labels and taints in line with the configuration; none if they are. What others
/// put on the node is left alone.
pub(super) fn patch(node: &Node, settings: &Settings) -> Option<Value> {
    let mut metadata = Map::new();
    let mut spec = Map::new();
    let (labels, labels_note) = labels(node, settings);
    let mut annotations = Map::new();
    if let Some(note) = labels_note {
        annotations.insert(LABELS.into(), note.into());
    }
    if !labels.is_empty() {
        metadata.insert("labels".into(), labels.into());
    }
    if let Some((taints, note)) = taints(node, settings) {
        annotations.insert(TAINTS.into(), note.into());
        spec.insert("taints".into(), taints);
    }
    if !annotations.is_empty() {
        metadata.insert("annotations".into(), annotations.into());
    }
    if metadata.is_empty() && spec.is_empty() {
        return None;
    }
    // The list of taints is replaced as a whole: never over one that somebody changed meanwhile.
    metadata.insert(
        "resourceVersion".into(),
        json!(node.metadata.resource_version),
    );
    Some(json!({ "metadata": metadata, "spec": spec }))
}

fn labels(node: &Node, settings: &Settings) -> (Map<String, Value>, Option<String>) {
    let configured = settings.node.labels.iter();
    let mut wanted: BTreeMap<String, String> = configured
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect();
    wanted.insert(ROLE.into(), "true".into());
    let present = node.metadata.labels.clone().unwrap_or_default();
    let noted = note(node, LABELS);
    let mut changes = Map::new();
    for (key, value) in &wanted {
        if present.get(key) != Some(value) {
            changes.insert(key.clone(), json!(value));
        }
    }
    for key in noted
        .iter()
        .filter(|key| !wanted.contains_key(*key) && present.contains_key(*key))
    {
        changes.insert(key.clone(), Value::Null);
    }
    let names: BTreeSet<String> = wanted.into_keys().collect();
    (changes, (names != noted).then(|| joined(&names)))
}

fn taints(node: &Node, settings: &Settings) -> Option<(Value, String)> {
    let present: Vec<Taint> = node
        .spec
        .iter()
        .flat_map(|s| s.taints.iter().flatten())
        .map(taint)
        .collect();
    let noted = note(node, TAINTS);
    let configured: Vec<Taint> = settings.node.taints.iter().map(Taint::from).collect();
    let wanted: BTreeSet<String> = configured.iter().map(id).collect();
    let others = present
        .iter()
        .filter(|t| !noted.contains(&id(t)) && !wanted.contains(&id(t)));
    let target: Vec<&Taint> = others.chain(&configured).collect();
    let same = target.len() == present.len() && target.iter().all(|t| present.contains(t));
    if same && wanted == noted {
        return None;
    }
    // The time that Kubernetes noted for its own taints must survive.
    let as_value = |t: &&Taint| {
        let kept = node
            .spec
            .iter()
            .flat_map(|s| s.taints.iter().flatten())
            .find(|k| taint(k) == **t);
        kept.map_or_else(
            || json!({ "key": t.key, "value": t.value, "effect": t.effect }),
            |k| json!(k),
        )
    };
    Some((target.iter().map(as_value).collect(), joined(&wanted)))
}

/// A taint as the cluster has it: others may put on what our configuration would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Taint {
    key: String,
    value: String,
    effect: String,
}

impl From<&os_config::Taint> for Taint {
    fn from(taint: &os_config::Taint) -> Self {
        Self {
            key: taint.key.to_string(),
            value: taint.value.to_string(),
            effect: taint.effect.as_str().into(),
        }
    }
}

fn taint(taint: &k8s_openapi::api::core::v1::Taint) -> Taint {
    Taint {
        key: taint.key.clone(),
        value: taint.value.clone().unwrap_or_default(),
        effect: taint.effect.clone(),
    }
}

/// A node has one taint of a key and effect.
fn id(taint: &Taint) -> String {
    format!("{}:{}", taint.key, taint.effect)
}

fn note(node: &Node, annotation: &str) -> BTreeSet<String> {
    let text = node
        .metadata
        .annotations
        .as_ref()
        .and_then(|a| a.get(annotation));
    text.iter()
        .flat_map(|text| text.split(','))
        .filter(|s| !s.is_empty())
        .map(Into::into)
        .collect()
}

fn joined(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::{LABELS, TAINTS, patch};
    use crate::Settings;
    use k8s_openapi::api::core::v1::Node;
    use serde_json::{Value, json};

    fn node(labels: &Value, annotations: &Value, taints: &Value) -> Node {
        let mut labels = labels.clone();
        labels["node-role.kubernetes.io/control-plane"] = json!("true");
        let mut annotations = annotations.clone();
        let noted = annotations
            .get(LABELS)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let role = "node-role.kubernetes.io/control-plane";
        let noted = if noted.is_empty() {
            role.to_owned()
        } else {
            format!("{noted},{role}")
        };
        annotations[LABELS] = json!(noted);
        let object = json!({
            "metadata": { "name": "n", "resourceVersion": "7", "labels": labels, "annotations": annotations },
            "spec": { "taints": taints },
        });
        serde_json::from_value(object).expect("a node")
    }

    fn settings(labels: &[(&str, &str)], taints: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::named("n", "0.1.0");
        settings.node.labels = labels
            .iter()
            .map(|(k, v)| (k.parse().expect("a key"), v.parse().expect("a value")))
            .collect();
        let taint = |(key, effect): &(&str, &str)| {
            os_config::Taint::parse(&format!("{key}:{effect}")).expect("a taint")
        };
        settings.node.taints = taints.iter().map(taint).collect();
        settings
    }

    #[test]
    fn labels_follow_the_configuration_and_leave_others_alone() {
        let role = "node-role.kubernetes.io/control-plane";
        for (case, labels, noted, wanted, expected) in [
            (
                "in line",
                json!({"a": "1", "theirs": "x"}),
                "a",
                vec![("a", "1")],
                Value::Null,
            ),
            (
                "new",
                json!({"theirs": "x"}),
                "",
                vec![("a", "1")],
                json!({"a": "1"}),
            ),
            (
                "changed by hand",
                json!({"a": "2"}),
                "a",
                vec![("a", "1")],
                json!({"a": "1"}),
            ),
            (
                "gone from the file",
                json!({"a": "1", "theirs": "x"}),
                "a",
                vec![],
                json!({"a": null}),
            ),
            (
                "theirs, never ours",
                json!({"theirs": "x"}),
                "",
                vec![],
                Value::Null,
            ),
        ] {
            let patch = patch(
                &node(&labels, &json!({ LABELS: noted }), &json!([])),
                &settings(&wanted, &[]),
            );
            let changed = patch
                .as_ref()
                .and_then(|p| p.pointer("/metadata/labels"))
                .cloned();
            assert_eq!(changed.unwrap_or(Value::Null), expected, "{case}");
            if let Some(note) = patch
                .as_ref()
                .and_then(|p| p.pointer("/metadata/annotations/holdfast.dev~1labels"))
            {
                assert!(note.as_str().is_some_and(|n| n.contains(role)), "{case}");
            }
        }
    }

    #[test]
    fn taints_follow_the_configuration_and_leave_others_alone() {
        let theirs = json!({"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:00Z"});
        let ours = json!({"key": "edge", "value": "", "effect": "NoExecute"});
        for (case, present, noted, wanted, expected) in [
            (
                "in line",
                json!([theirs, ours]),
                "edge:NoExecute",
                vec![("edge", "NoExecute")],
                Value::Null,
            ),
            (
                "new",
                json!([theirs]),
                "",
                vec![("edge", "NoExecute")],
                json!([theirs, ours]),
            ),
            (
                "gone from the file",
                json!([theirs, ours]),
                "edge:NoExecute",
                vec![],
                json!([theirs]),
            ),
            (
                "taken away by hand",
                json!([]),
                "edge:NoExecute",
                vec![("edge", "NoExecute")],
                json!([ours]),
            ),
            ("theirs only", json!([theirs]), "", vec![], Value::Null),
        ] {
            let patch = patch(
                &node(&json!({}), &json!({ TAINTS: noted }), &present),
                &settings(&[], &wanted),
            );
            let changed = patch
                .as_ref()
                .and_then(|p| p.pointer("/spec/taints"))
                .cloned();
            assert_eq!(changed.unwrap_or(Value::Null), expected, "{case}");
        }
    }
}
