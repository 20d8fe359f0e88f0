//! The rendered control plane, judged by the real one: kine and the API server start from our plan on loopback.
//!
//! The engine is the one that `HOLDFAST_ENGINE` names (`make unit` does), or the one in `build/`. Without one these tests
//! fail and say how to make it.

mod engine;

use engine::ControlPlane;

#[test]
fn it_gets_ready_and_lets_nobody_in_without_a_name() {
    let plane = ControlPlane::start();
    let ready = plane.kubectl(&["get", "--raw", "/readyz"]);
    assert_eq!(ready.trim(), "ok");
    let open = plane.anonymous("/readyz");
    assert_eq!(open.0, 200, "{open:?}");
    for path in ["/api", "/api/v1/namespaces", "/version", "/metrics", "/openapi/v2"] {
        let (status, body) = plane.anonymous(path);
        assert_eq!(status, 401, "{path}: {body}");
    }
}
