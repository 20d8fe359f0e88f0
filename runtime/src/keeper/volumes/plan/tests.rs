use super::{Action, Facts, plan};
use serde_json::{Value, json};
use std::path::Path;

const ROOT: &str = "/var/lib/holdfast/volumes";

fn claim(change: &Value) -> Value {
    let mut claim = json!({
        "metadata": {
            "namespace": "web", "name": "data", "uid": "u1",
            "annotations": { "volume.kubernetes.io/selected-node": "edge" },
        },
        "spec": {
            "storageClassName": "local-path", "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": "1Gi" } },
        },
    });
    merge(&mut claim, change);
    claim
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.iter().for_each(|(key, value)| {
                merge(into.entry(key.clone()).or_insert(Value::Null), value)
            });
        }
        (into, from) => *into = from.clone(),
    }
}

fn planned(claims: &[Value], volumes: &[Value]) -> Vec<Action> {
    let class = json!({
        "metadata": { "name": "local-path" }, "provisioner": "rancher.io/local-path",
        "volumeBindingMode": "WaitForFirstConsumer", "reclaimPolicy": "Delete",
    });
    let facts = Facts {
        claims: serde_json::from_value(json!(claims)).expect("claims"),
        volumes: serde_json::from_value(json!(volumes)).expect("volumes"),
        classes: serde_json::from_value(json!([class])).expect("classes"),
    };
    plan(&facts, "edge", Path::new(ROOT))
}

/// A volume as it was made, released since.
fn released(change: &Value) -> Value {
    let Some(Action::Make { volume, .. }) = planned(&[claim(&json!({}))], &[]).pop() else {
        panic!("nothing made");
    };
    let mut volume = serde_json::to_value(volume).expect("JSON");
    merge(&mut volume, &json!({ "status": { "phase": "Released" } }));
    merge(&mut volume, change);
    volume
}

#[test]
fn claims() {
    for (case, change, made) in [
        ("waits for us", json!({}), true),
        (
            "another node",
            json!({"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "other"}}}),
            false,
        ),
        (
            "no pod yet",
            json!({"metadata": {"annotations": null}}),
            false,
        ),
        ("bound", json!({"spec": {"volumeName": "pvc-u1"}}), false),
        (
            "another class",
            json!({"spec": {"storageClassName": "nfs"}}),
            false,
        ),
    ] {
        let actions = planned(&[claim(&change)], &[]);
        assert_eq!(
            matches!(actions.as_slice(), [Action::Make { .. }]),
            made,
            "{case}: {actions:?}"
        );
    }
    let shared = planned(
        &[claim(&json!({"spec": {"accessModes": ["ReadWriteMany"]}}))],
        &[],
    );
    assert!(
        matches!(shared.as_slice(), [Action::Refuse(why)] if why.contains("ReadWriteMany")),
        "{shared:?}"
    );
    assert_eq!(
        planned(
            &[claim(&json!({}))],
            &[released(&json!({"status": {"phase": "Bound"}}))]
        ),
        []
    );
}

#[test]
fn volumes() {
    let folder = format!("{ROOT}/pvc-u1_web_data");
    for (case, change, removed) in [
        ("released", json!({}), true),
        ("in use", json!({"status": {"phase": "Bound"}}), false),
        (
            "to be kept",
            json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}}),
            false,
        ),
        (
            "someone else's",
            json!({"metadata": {"annotations": null}}),
            false,
        ),
    ] {
        let actions = planned(&[], &[released(&change)]);
        let expected = Action::Remove {
            folder: folder.clone().into(),
            volume: "pvc-u1".into(),
        };
        assert_eq!(actions == [expected], removed, "{case}: {actions:?}");
    }
    for path in [
        "/",
        "/var/lib/holdfast/volumes",
        "/var/lib/holdfast/volumes/../cluster",
        "/var/lib/holdfast/volumes/pvc-u2_a_b",
    ] {
        let actions = planned(
            &[],
            &[released(&json!({"spec": {"local": {"path": path}}}))],
        );
        assert!(
            matches!(actions.as_slice(), [Action::Refuse(_)]),
            "{path}: {actions:?}"
        );
    }
}
