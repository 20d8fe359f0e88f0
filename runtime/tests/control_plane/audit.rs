//! What the audit log tells: each way into a pod, a node or a Secret is sent, and its line looked for.

use crate::engine::{Beside, ControlPlane};
use crate::keeper::until;
use std::fs;
use std::process::Command;

const WEB_SOCKET: [&str; 4] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: v5.channel.k8s.io",
];

/// Asks the API as one of the node's own users, whatever it answers.
fn ask(plane: &ControlPlane, user: &str, path: &str, headers: &[&str]) {
    let leaf = plane.paths.leaf(user);
    let mut curl = curl(plane, path);
    curl.arg("--cert").arg(&leaf).arg("--key").arg(&leaf);
    curl.args(headers.iter().flat_map(|header| ["--header", header]));
    assert!(curl.status().expect("curl runs").success(), "{path}");
}

fn curl(plane: &ControlPlane, path: &str) -> Command {
    let mut curl = Command::new("curl");
    // HTTP/1.1: there is no WebSocket in HTTP/2 as the API server speaks it.
    curl.args(["--silent", "--http1.1", "--output", "/dev/null", "--cacert"])
        .arg(plane.paths.pki().join("ca.crt"))
        .arg(format!("{}{path}", runtime::plan::LOCAL_API));
    curl
}

/// Asks with the token of an account.
fn ask_as_account(plane: &ControlPlane, namespace: &str, path: &str) {
    plane.eventually(
        &["-n", namespace, "get", "serviceaccount", "default"],
        |_| true,
    );
    let token = plane.kubectl(&["-n", namespace, "create", "token", "default"]);
    let header = format!("Authorization: Bearer {}", token.trim());
    let status = curl(plane, path).args(["--header", &header]).status();
    assert!(status.expect("curl runs").success(), "{path}");
}

fn log(plane: &ControlPlane) -> String {
    fs::read_to_string(plane.paths.at("/run/log/holdfast/audit.json")).unwrap_or_default()
}

/// Whether a line of the log names this address and this user, and shows no content.
fn told(log: &str, path: &str, user: &str) -> bool {
    let uri = format!("\"requestURI\":{path:?}");
    let user = format!("\"username\":{user:?}");
    log.lines().any(|line| {
        let bare = !line.contains("responseObject") && !line.contains("requestObject");
        line.contains(&uri) && line.contains(&user) && bare
    })
}

#[test]
fn ways_into_pods_nodes_and_secrets_are_told() {
    let plane = ControlPlane::with(Beside::Nothing);
    let (admin, node) = ("holdfast:admin", "system:node:edge");
    let secret = "/api/v1/namespaces/default/secrets/till";
    let inside = [
        "/api/v1/namespaces/default/pods/till/exec?command=id",
        "/api/v1/namespaces/default/pods/till/attach?stdout=true",
        "/api/v1/namespaces/default/pods/till/portforward?ports=80",
    ];
    let through = [
        "/api/v1/namespaces/default/pods/till/proxy/",
        "/api/v1/namespaces/default/services/till/proxy/",
        "/api/v1/nodes/edge/proxy/pods",
    ];
    for path in inside {
        let headers = [
            &WEB_SOCKET[..],
            &["Sec-WebSocket-Key: aG9sZGZhc3QtaG9sZGZhcw=="],
        ]
        .concat();
        ask(&plane, "admin", path, &headers);
    }
    for path in through {
        ask(&plane, "admin", path, &[]);
    }
    ask(&plane, "kubelet", secret, &[]);
    ask_as_account(&plane, "kube-system", secret);
    let account = "system:serviceaccount:kube-system:default";
    let wanted = inside
        .iter()
        .chain(&through)
        .map(|path| (*path, admin))
        .chain([(secret, node), (secret, account)]);
    for (path, user) in wanted {
        until(&format!("{user} at {path} in the audit log"), || {
            told(&log(&plane), path, user)
        });
    }
}

/// It has rights over everything, and removes by lists.
#[test]
fn what_the_keeper_removes_is_told() {
    let plane = ControlPlane::with(Beside::Nothing);
    let path = "/api/v1/namespaces/default/pods/nobody-misses-it";
    let leaf = plane.paths.leaf("keeper");
    let mut curl = curl(&plane, path);
    curl.args(["--request", "DELETE", "--cert"])
        .arg(&leaf)
        .arg("--key")
        .arg(&leaf);
    assert!(curl.status().expect("curl runs").success());
    until("the keeper's deletion in the audit log", || {
        told(&log(&plane), path, "holdfast:keeper")
    });
}

/// Without a bound the log would fill memory.
#[test]
fn what_only_looks_is_not_told() {
    let plane = ControlPlane::with(Beside::Nothing);
    let (looks, tells) = (
        "/api/v1/namespaces/default/pods/nothing-to-see",
        "/api/v1/namespaces/default/secrets/told-after-it",
    );
    for path in [looks, tells] {
        ask(&plane, "admin", path, &[]);
    }
    // The log is in order: what came before is in it, or never will be.
    until("the later one", || log(&plane).contains(tells));
    assert!(!log(&plane).contains(looks));
}
