//! An `Upgrade` from the resource to a node that runs the release: the real API server, the keeper and the controller, and an
//! upgrader that only says what a real one would.

use crate::engine::{ControlPlane, plan_anew};
use crate::keeper::until;
use crate::upgrader::Upgrader;
use init_api::paths;
use runtime::Settings;
use runtime::pki::ADMIN;
use std::fs;

const UPGRADE: &str = "\
apiVersion: upgrade.holdfast.dev/v1alpha1
kind: Upgrade
metadata: {name: stores}
spec:
  source: {url: 'https://releases.example.com/holdfast'}
  version: 0.2.0
  nodeSelector: {matchLabels: {site: shop-7}}
  drain: {gracePeriodSeconds: 0, force: true}
  health: {checks: [{http: 'http://127.0.0.1:8080/healthz'}, {workload: {kind: Deployment, name: tills}}]}
";

#[test]
fn an_upgrade_moves_a_node_and_says_what_is_in_its_way() {
    let mut plane = ControlPlane::alone();
    let settings = serve_what_goes(&mut plane);
    let upgrader = Upgrader::at(&plane.paths.at(paths::UPGRADE_SOCKET));
    let paths = plane.paths.clone();
    std::thread::spawn(move || runtime::run_keeper(settings, paths).expect("it runs"));
    let kind = [
        "wait",
        "--for=condition=Established",
        "crd/upgrades.upgrade.holdfast.dev",
        "crd/nodeupgrades.upgrade.holdfast.dev",
    ];
    plane.eventually(&kind, |_| true);
    plane.eventually(&["get", "serviceaccount", "default", "-o", "name"], |_| {
        true
    });
    refused(&plane);
    taken(&plane);
    tells_deprecated_apis(&plane);
    for node in ["edge", "other"] {
        ready_node(&plane, node);
    }
    pod_with_a_budget(&plane);
    written_by_what_goes(&plane);
    let control = control(&plane);

    plane.kubectl(&["create", "-f", &file(&plane, "upgrade.yaml", UPGRADE)]);
    let deployment = [
        "-n",
        "kube-system",
        "get",
        "deployment",
        "holdfast-upgrade-controller",
        "-o",
        "name",
    ];
    plane.eventually(&deployment, |name| !name.is_empty());
    // Nobody's heartbeats keep the nodes Ready.
    let eventually = |path: &str, expected: &str| {
        until(expected, || {
            be_ready(&plane, "edge");
            be_ready(&plane, "other");
            let path = format!("jsonpath={path}");
            let said = plane.kubectl(&["get", "upgrade", "stores", "-o", &path]);
            said.contains(expected)
        });
    };
    // An object that was written by an API which the release's Kubernetes has no more.
    eventually(
        "{.status.waiting[0].message}",
        "Kubernetes 1.38.0 has no more the APIs by which objects were written: deviceclasses tills of resource.k8s.io/v1beta1 (by helm).",
    );
    let spec = r#"{"spec":{"allowRemovedApis":true}}"#;
    plane.kubectl(&["patch", "upgrade", "stores", "--type=merge", "-p", spec]);
    // The budget is named, and the node is cordoned for nobody else.
    eventually(
        "{.status.waiting[0].message}",
        "The disruption budget web needs 1 healthy pods",
    );
    assert_eq!(
        upgrader.activations(),
        0,
        "the node restarts only when it is drained"
    );
    until("the budget to be told as an event", || {
        be_ready(&plane, "edge");
        be_ready(&plane, "other");
        events(&plane).contains("Warning DrainBlocked Node/edge Upgrade/stores")
    });
    plane.kubectl(&["delete", "pdb", "web"]);
    let evicted = [
        "get",
        "pod",
        "web",
        "-o",
        "jsonpath={.metadata.deletionTimestamp}",
    ];
    plane.eventually(&evicted, |at| !at.is_empty());
    // The last word is the kubelet's.
    plane.kubectl(&["delete", "pod", "web", "--grace-period=0", "--force"]);
    eventually("{.status.state}", "Complete");
    assert_eq!(upgrader.activations(), 1);
    assert_eq!(upgrader.running(), "0.2.0");
    let columns = plane.kubectl(&["get", "nodeupgrades", "--no-headers"]);
    let columns: Vec<&str> = columns.split_whitespace().take(5).collect();
    assert_eq!(
        columns,
        ["edge", "0.2.0", "0.2.0", "Done", "stores"],
        "one node, in its columns"
    );
    let spec = [
        "get",
        "node",
        "edge",
        "-o",
        "jsonpath={.spec.unschedulable}{.metadata.annotations}",
    ];
    until("the node to be given back", || {
        be_ready(&plane, "edge");
        let text = plane.kubectl(&spec);
        !text.contains("true") && !text.contains("upgrade.holdfast.dev")
    });

    told_once(&plane);
    may(&plane);
    plane.kubectl(&["delete", "upgrade", "stores"]);
    plane.eventually(&["get", "nodeupgrades", "-o", "name"], str::is_empty);
    until("the controller's pod to go", || {
        plane
            .try_kubectl(&deployment)
            .is_err_and(|error| error.contains("NotFound"))
    });
    control.abort();
}

/// Of upgrades: type, reason, and whom it is about.
fn events(plane: &ControlPlane) -> String {
    let line = "{.type} {.reason} {.involvedObject.kind}/{.involvedObject.name} {.related.kind}/{.related.name}";
    let path = format!(r#"jsonpath={{range .items[*]}}{line}{{"\n"}}{{end}}"#);
    plane.kubectl(&["get", "events", "-n", "default", "-o", &path])
}

/// Each thing is told once, and of the node itself as well as of the resource.
fn told_once(plane: &ControlPlane) {
    let expected = [
        "Normal NodeChosen Node/edge Upgrade/stores",
        "Warning DrainBlocked Node/edge Upgrade/stores",
        "Warning RemovedApis Upgrade/stores /",
        "Normal ReleaseConfirmed Node/edge Upgrade/stores",
        "Normal Complete Upgrade/stores /",
    ];
    until("all to be told", || {
        let told = events(plane);
        expected.iter().all(|line| told.contains(line))
    });
    let told = events(plane);
    for line in expected {
        let count = told.lines().filter(|told| *told == line).count();
        assert_eq!(count, 1, "{line}:\n{told}");
    }
    let described = plane.kubectl(&["describe", "upgrade", "stores"]);
    assert!(
        described.contains("1/1 nodes run release 0.2.0"),
        "{described}"
    );
}

/// The controller of this test has an administrator's rights: its pod has these.
fn may(plane: &ControlPlane) {
    let account = "system:serviceaccount:kube-system:holdfast-upgrade-controller";
    for (verb, resource) in [
        ("create", "events.events.k8s.io"),
        ("list", "servicecidrs.networking.k8s.io"),
        ("list", "deviceclasses.resource.k8s.io"),
    ] {
        assert!(plane.can(account, verb, resource), "{verb} {resource}");
    }
}

/// The metric by which the controller knows what is asked for has the labels that it reads, in any order.
fn tells_deprecated_apis(plane: &ControlPlane) {
    plane.kubectl(&["get", "componentstatuses"]);
    let metrics = plane.kubectl(&["get", "--raw", "/metrics"]);
    let line = metrics
        .lines()
        .find(|line| line.starts_with("apiserver_requested_deprecated_apis{"));
    let line = line.expect("a deprecated API was asked for");
    for label in [
        "group=\"\"",
        "removed_release=\"",
        "resource=\"componentstatuses\"",
        "version=\"v1\"",
    ] {
        assert!(line.contains(label), "{label}: {line}");
    }
}

/// Has the API server serve an API that the next Kubernetes has no more, as somebody might who needs it.
fn serve_what_goes(plane: &mut ControlPlane) -> Settings {
    let mut settings = plane.settings.clone();
    let flag = "runtime-config".parse().expect("a flag");
    let served = vec!["resource.k8s.io/v1beta1=true".to_owned()];
    settings.args.api_server.insert(flag, served);
    plane.restart_after(|paths| plan_anew(&settings, paths));
    settings
}

/// An object that its client wrote by a version which the next Kubernetes has no more; and how the API server is made to forget that,
/// as the documentation says.
fn written_by_what_goes(plane: &ControlPlane) {
    let class = |name: &str| {
        let text = format!(
            "apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {{name: {name}, labels: {{site: shop-7}}}}\nspec: {{}}\n"
        );
        plane.kubectl(&["create", "-f", &file(plane, "class.yaml", &text)]);
        let by_helm = r#"{"metadata":{"managedFields":[{"manager":"helm","operation":"Update","apiVersion":"resource.k8s.io/v1beta1",
            "time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{"f:site":{}}}}}]}}"#;
        plane.kubectl(&["patch", "deviceclass", name, "--type=merge", "-p", by_helm]);
    };
    let versions = |name: &str| {
        let path = "jsonpath={.metadata.managedFields[*].apiVersion}";
        plane.kubectl(&[
            "get",
            "deviceclass",
            name,
            "--show-managed-fields",
            "-o",
            path,
        ])
    };
    class("tills");
    class("forgotten");
    let forget = r#"{"metadata":{"managedFields":[{}]}}"#;
    plane.kubectl(&[
        "patch",
        "deviceclass",
        "forgotten",
        "--type=merge",
        "-p",
        forget,
    ]);
    assert!(versions("tills").contains("resource.k8s.io/v1beta1"));
    assert!(!versions("forgotten").contains("v1beta1"));
}

/// What the API server says no to, and why.
fn refused(plane: &ControlPlane) {
    let table = [
        (
            "version: 0.2.0",
            "version: 0.2.0\n  channel: stable",
            "say one of `version` and `channel`",
        ),
        (
            "source: {url: 'https://releases.example.com/holdfast'}",
            "source: {}",
            "say one of `url`, `folder` and `usb`",
        ),
        (
            "source: {url: 'https://releases.example.com/holdfast'}",
            "source: {usb: {}, folder: /media}",
            "say one of `url`, `folder` and `usb`",
        ),
        ("0.2.0", "newest", "spec.version in body should match"),
        (
            "drain: {",
            "drain: {timeout: 5 minutes, ",
            "spec.drain.timeout in body should match",
        ),
        (
            "drain: {",
            "strategy: {maxUnavailable: 0}\n  drain: {",
            "spec.strategy.maxUnavailable in body should be greater than or equal to 1",
        ),
        (
            "drain: {",
            "strategy: {maxFailures: 2, stopOnFailure: false}\n  drain: {",
            "leave one of the two out",
        ),
        (
            "drain: {",
            "strategy: {maxFailures: -1}\n  drain: {",
            "spec.strategy.maxFailures in body should be greater than or equal to 0",
        ),
        (
            "drain: {",
            "strategy: {maxFailures: 101%}\n  drain: {",
            "spec.strategy.maxFailures in body should match",
        ),
        (
            "drain: {",
            "windows: [{start: '25:00', duration: 1h}]\n  drain: {",
            "spec.windows[0].start in body should match",
        ),
        (
            "drain: {",
            "windows: [{days: [saturday], start: '02:00', duration: 1h}]\n  drain: {",
            "Unsupported value: \"saturday\"",
        ),
        (
            "{http: 'http://127.0.0.1:8080/healthz'}",
            "{}",
            "say one of `http`, `command` and `workload`",
        ),
        (
            "{http: 'http://127.0.0.1:8080/healthz'}",
            "{command: ../../bin/reboot}",
            "spec.health.checks[0].command in body should match",
        ),
        (
            "version: 0.2.0",
            "channel: stable\n  allowDowngrade: true",
            "`allowDowngrade` needs `version`",
        ),
        (
            "drain: {",
            "pause: true\n  drain: {",
            "unknown field \"spec.pause\"",
        ),
    ];
    for (from, to, message) in table {
        let wrong = file(plane, "wrong.yaml", &UPGRADE.replacen(from, to, 1));
        let answer = plane.try_kubectl(&["create", "--dry-run=server", "-f", &wrong]);
        let error = answer.expect_err(to);
        assert!(error.contains(message), "{to}: {error}");
    }
}

/// Beside the resource itself.
fn taken(plane: &ControlPlane) {
    for strategy in [
        "{maxFailures: 0}",
        "{maxFailures: 3, stopOnFailure: true}",
        "{maxFailures: 0%}",
        "{stopOnFailure: false}",
    ] {
        let with = format!("strategy: {strategy}\n  drain: {{");
        let right = file(plane, "right.yaml", &UPGRADE.replacen("drain: {", &with, 1));
        plane.kubectl(&["create", "--dry-run=server", "-f", &right]);
    }
}

/// Without a kubelet, nodes are made by hand.
fn ready_node(plane: &ControlPlane, name: &str) {
    let node = format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\n");
    plane.kubectl(&["create", "-f", &file(plane, "node.yaml", &node)]);
    be_ready(plane, name);
}

fn be_ready(plane: &ControlPlane, name: &str) {
    let ready = r#"{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Test"}]}}"#;
    plane.kubectl(&[
        "patch",
        "node",
        name,
        "--subresource=status",
        "--type=merge",
        "-p",
        ready,
    ]);
}

/// A pod that may not go, as nothing replaces it.
fn pod_with_a_budget(plane: &ControlPlane) {
    let spec = r#"{"spec":{"nodeName":"edge","automountServiceAccountToken":false}}"#;
    plane.kubectl(&[
        "run",
        "web",
        "--image=i",
        "--labels=app=web",
        "--overrides",
        spec,
    ]);
    let ready = r#"{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"#;
    plane.kubectl(&[
        "patch",
        "pod",
        "web",
        "--subresource=status",
        "--type=merge",
        "-p",
        ready,
    ]);
    plane.kubectl(&[
        "create",
        "pdb",
        "web",
        "--selector=app=web",
        "--min-available=1",
    ]);
    let healthy = [
        "get",
        "pdb",
        "web",
        "-o",
        "jsonpath={.status.currentHealthy}",
    ];
    plane.eventually(&healthy, |count| count == "1");
}

fn control(plane: &ControlPlane) -> tokio::task::AbortHandle {
    let kubeconfig = plane.paths.kubeconfig(ADMIN);
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let text = fs::read_to_string(kubeconfig).expect("a kubeconfig");
            let read = kube::config::Kubeconfig::from_yaml(&text).expect("a kubeconfig");
            let config = kube::Config::from_custom_kubeconfig(read, &Default::default()).await;
            let client = controller::client(config.expect("a configuration")).expect("a client");
            let working = tokio::spawn(async move { controller::lead(client, "test").await });
            send.send(working.abort_handle()).expect("somebody waits");
            match working.await {
                Err(error) if error.is_cancelled() => {}
                ended => panic!("the controller ended: {ended:?}"),
            }
        });
    });
    receive.recv().expect("it starts")
}

fn file(plane: &ControlPlane, name: &str, text: &str) -> String {
    let path = plane.paths.at(&format!("/{name}"));
    fs::write(&path, text).expect("a file");
    path.to_string_lossy().into_owned()
}
