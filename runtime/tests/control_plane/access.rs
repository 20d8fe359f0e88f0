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
