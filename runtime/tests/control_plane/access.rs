//! Who gets in, and what lies in the datastore.

use crate::engine::{Beside, ControlPlane};
use std::fs;

#[test]
fn it_gets_ready_and_lets_nobody_in_without_a_name() {
    let plane = ControlPlane::with(Beside::Nothing);
    let ready = plane.kubectl(&["get", "--raw", "/readyz"]);
    assert_eq!(ready.trim(), "ok");
    let open = plane.anonymous("/readyz");
    assert_eq!(open.0, 200, "{open:?}");
    for path in [
        "/api",
        "/api/v1/namespaces",
        "/version",
        "/metrics",
        "/openapi/v2",
    ] {
        let (status, body) = plane.anonymous(path);
        assert_eq!(status, 401, "{path}: {body}");
    }
}

#[test]
fn secrets_are_encrypted_at_rest() {
    let plane = ControlPlane::with(Beside::Nothing);
    plane.kubectl(&[
        "create",
        "secret",
        "generic",
        "canary",
        "--from-literal=word=in-the-clear",
    ]);
    // The datastore copies its log into the database whenever it likes.
    let files = ["state.db", "state.db-wal"];
    let read = |file| fs::read(plane.paths.database().join(file)).expect("the datastore");
    let database = files.map(read).concat();
    let holds = |word: &[u8]| database.windows(word.len()).any(|w| w == word);
    assert!(
        holds(b"canary") && !holds(b"in-the-clear"),
        "Secrets are not encrypted at rest"
    );
}

/// Nothing is refused by default: what ran before shall run. The system's own namespace is left alone.
#[test]
fn pods_that_want_the_node_are_warned_of() {
    let plane = ControlPlane::with(Beside::Nothing);
    let pod = plane.paths.at("/hungry.yaml");
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: hungry}
spec: {hostNetwork: true, containers: [{name: a, image: a}]}
";
    fs::write(&pod, text).expect("write");
    let pod = pod.to_string_lossy();
    let make = ["create", "--dry-run=server", "-f", &pod];
    for namespace in ["default", "kube-system"] {
        let account = ["-n", namespace, "get", "serviceaccount", "default"];
        plane.eventually(&account, |_| true);
        plane.kubectl(&[&make[..], &["-n", namespace]].concat());
    }
    let strictly = [&make[..], &["--warnings-as-errors"]].concat();
    let words = plane.try_kubectl(&strictly).expect_err("a warning");
    assert!(
        words.contains("would violate PodSecurity \"baseline:latest\""),
        "{words}"
    );
    plane.kubectl(&[&strictly[..], &["-n", "kube-system"]].concat());
}
