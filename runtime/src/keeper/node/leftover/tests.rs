use super::{DISRUPTION, Fate, fate};
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

/// A pod whose programs ended with 0 when the kubelet ended them.
fn succeeded(message: &str, policy: &str, owners: &[&str]) -> Pod {
    let mut pod = pod("", policy, owners);
    let status = pod.status.as_mut().expect("a status");
    let condition = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": message,
    });
    status.conditions = Some(vec![
        serde_json::from_value(condition).expect("a condition"),
    ]);
    status.phase = Some("Succeeded".into());
    status.reason = None;
    pod
}

fn pod(reason: &str, policy: &str, owners: &[&str]) -> Pod {
    let owner = |kind: &&str| json!({"apiVersion": "v1", "kind": kind, "name": "o", "uid": "u", "controller": true});
    let value = json!({
        "metadata": {
            "name": "p", "namespace": "n", "uid": "1", "resourceVersion": "7", "labels": {"app": "x"},
            "ownerReferences": owners.iter().map(owner).collect::<Vec<_>>(),
        },
        "spec": {"nodeName": "edge", "restartPolicy": policy, "containers": []},
        "status": {"phase": "Failed", "reason": reason},
    });
    serde_json::from_value(value).expect("a pod")
}

#[test]
fn what_nobody_replaces_runs_again_and_what_was_replaced_goes() {
    for (case, pod, expected) in [
        (
            "replaced",
            pod("Terminated", "Always", &["ReplicaSet"]),
            "removed",
        ),
        (
            "refused meanwhile",
            pod("NodeShutdown", "Always", &["ReplicaSet"]),
            "removed",
        ),
        (
            "a controller's own",
            pod("Terminated", "Always", &["StatefulSet"]),
            "left",
        ),
        ("a Job's", pod("Terminated", "Never", &["Job"]), "left"),
        ("nobody's", pod("Terminated", "Always", &[]), "made anew"),
        (
            "nobody's, to run once",
            pod("Terminated", "Never", &[]),
            "left",
        ),
        ("evicted", pod("Evicted", "Always", &["ReplicaSet"]), "left"),
        ("failed by itself", pod("", "Always", &[]), "left"),
        (
            "replaced, ended with 0",
            succeeded(DISRUPTION, "Always", &["ReplicaSet"]),
            "removed",
        ),
        (
            "nobody's, ended with 0",
            succeeded(DISRUPTION, "Always", &[]),
            "made anew",
        ),
        (
            "a Job's that is done",
            succeeded(DISRUPTION, "Never", &["Job"]),
            "left",
        ),
        (
            "ended for another reason",
            succeeded("The node was low on resource: memory.", "Always", &[]),
            "left",
        ),
    ] {
        let fate = match fate(&pod) {
            Fate::Left => "left",
            Fate::Removed => "removed",
            Fate::MadeAnew(_) => "made anew",
        };
        assert_eq!(fate, expected, "{case}");
    }
}

#[test]
fn it_is_the_same_pod_on_the_same_node_and_has_not_run() {
    let Fate::MadeAnew(anew) = fate(&pod("Terminated", "Always", &[])) else {
        panic!("it is nobody's")
    };
    let expected = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": "n", "labels": {"app": "x"}},
        "spec": {"nodeName": "edge", "restartPolicy": "Always", "containers": []},
    });
    assert_eq!(serde_json::to_value(anew).expect("JSON"), expected);
}

#[test]
fn what_cannot_be_removed_at_once_is_left() {
    let mut held = pod("Terminated", "Always", &[]);
    held.metadata.finalizers = Some(vec!["x.example/y".into()]);
    assert_eq!(fate(&held), Fate::Left);
    let mut mirror = pod("Terminated", "Always", &[]);
    mirror.metadata.annotations = Some([("kubernetes.io/config.mirror".into(), "h".into())].into());
    assert_eq!(fate(&mirror), Fate::Left);
}
