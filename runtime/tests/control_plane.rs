//! The rendered control plane and the keeper, judged by the real thing: kine, API server, controller-manager and
//! scheduler run from our plan on loopback.
//!
//! The engine is the one that `HOLDFAST_ENGINE` names (`make unit` does), or the one in `build/`. Without one these tests
//! fail and say how to make it.

mod engine;
mod pruning;

use engine::ControlPlane;
use init_api::NodeState;
use runtime::pki::{Authorities, CertificateSource, leaves};
use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

#[test]
fn it_gets_ready_and_lets_nobody_in_without_a_name() {
    let plane = ControlPlane::start();
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
    plane.kubectl(&[
        "create",
        "secret",
        "generic",
        "canary",
        "--from-literal=word=in-the-clear",
    ]);
    let database =
        fs::read(plane.paths.database().join("state.db-wal")).expect("the datastore's log");
    let holds = |word: &[u8]| database.windows(word.len()).any(|w| w == word);
    assert!(
        holds(b"canary") && !holds(b"in-the-clear"),
        "Secrets are not encrypted at rest"
    );
}

#[test]
fn the_keeper_holds_the_cluster_to_the_configuration() {
    let plane = ControlPlane::start();
    let packaged = plane.paths.packaged_manifests();
    fs::create_dir_all(&packaged).expect("folder");
    for entry in
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests")).expect("manifests")
    {
        let path = entry.expect("entry").path();
        fs::copy(&path, packaged.join(path.file_name().expect("name"))).expect("copy");
    }
    let leaf = plane.paths.leaf("apiserver");
    let before = serial(&["x509", "-noout", "-serial", "-in", &leaf.to_string_lossy()]);
    // One old leaf is enough for all of them to be made anew.
    let now = SystemTime::now();
    let old = now - Duration::from_secs(300 * 24 * 60 * 60);
    let authorities = Authorities::ensure(&plane.paths.pki(), now).expect("authorities");
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for leaf in leaves(&plane.settings, address) {
        if leaf.name == "kubelet" {
            let issued = authorities.issue(&leaf, old).expect("an old leaf");
            fs::write(plane.paths.leaf(leaf.name), issued.combined()).expect("write");
        }
    }
    keep(&plane);
    certificates_follow(&leaf, &before);
    plane.eventually(&["get", "namespace", "kube-system", "-o", "name"], |_| true);
    plane.eventually(
        &[
            "-n",
            "kube-system",
            "get",
            "deployment",
            "coredns",
            "-o",
            "jsonpath={..image}",
        ],
        |image| image == "holdfast.local/system:0.1.0",
    );
    plane.eventually(
        &[
            "-n",
            "kube-system",
            "get",
            "service",
            "kube-dns",
            "-o",
            "jsonpath={.spec.clusterIP}",
        ],
        |ip| ip == "10.43.0.10",
    );
    plane.eventually(&["get", "apiservice", "v1beta1.metrics.k8s.io"], |_| true);
    plane.eventually(&["get", "storageclass", "local-path", "-o", "name"], |_| {
        true
    });
    node_follows(&plane);
    volumes_follow(&plane);
    user_manifests_follow(&plane);
}

/// Without a kubelet no pod runs, so the scheduler's choice is written by hand.
fn volumes_follow(plane: &ControlPlane) {
    let claim = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, annotations: {volume.kubernetes.io/selected-node: edge}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";
    plane.kubectl(&["create", "-f", &file(plane, "claim.yaml", claim)]);
    plane.eventually(
        &["get", "pvc", "data", "-o", "jsonpath={.status.phase}"],
        |phase| phase == "Bound",
    );
    let made = || {
        fs::read_dir(plane.paths.volumes())
            .into_iter()
            .flatten()
            .count()
    };
    assert_eq!(made(), 1);
    plane.kubectl(&["delete", "pvc", "data"]);
    plane.eventually(&["get", "pv", "-o", "name"], str::is_empty);
    assert_eq!(made(), 0);
}

/// An old leaf is replaced, and the API server serves the new one without a restart.
fn certificates_follow(leaf: &Path, before: &str) {
    let file = leaf.to_string_lossy();
    let now = || serial(&["x509", "-noout", "-serial", "-in", &file]);
    until("a new certificate", || now() != before);
    let served = || serial(&["s_client", "-connect", "127.0.0.1:6443", "-showcerts"]);
    until("the API server to serve it", || served() == now());
}

/// The serial number of the certificate that openssl prints, whether as such or as PEM.
fn serial(args: &[&str]) -> String {
    let run = |args: &[&str], input: Vec<u8>| {
        let mut openssl = Command::new("openssl");
        let openssl = openssl
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = openssl.spawn().expect("openssl is installed");
        child
            .stdin
            .take()
            .expect("piped")
            .write_all(&input)
            .expect("write");
        child.wait_with_output().expect("output").stdout
    };
    let printed = run(args, Vec::new());
    if printed.starts_with(b"serial=") {
        return String::from_utf8_lossy(&printed).into_owned();
    }
    String::from_utf8_lossy(&run(&["x509", "-noout", "-serial"], printed)).into_owned()
}

/// Without a kubelet, the node is made by hand.
fn node_follows(plane: &ControlPlane) {
    plane.kubectl(&[
        "create",
        "-f",
        &file(
            plane,
            "node.yaml",
            "apiVersion: v1\nkind: Node\nmetadata: {name: edge}\n",
        ),
    ]);
    let label = [
        "get",
        "node",
        "edge",
        "-o",
        "jsonpath={.metadata.labels.site}",
    ];
    plane.eventually(&label, |value| value == "shop-7");
    plane.kubectl(&[
        "label",
        "node",
        "edge",
        "--overwrite",
        "site=elsewhere",
        "theirs=kept",
    ]);
    plane.eventually(&label, |value| value == "shop-7");
    let theirs = plane.kubectl(&[
        "get",
        "node",
        "edge",
        "-o",
        "jsonpath={.metadata.labels.theirs}",
    ]);
    assert_eq!(theirs, "kept");
    until("the network plugin's file", || plane.paths.cni().exists());
    let list = fs::read_to_string(plane.paths.cni()).expect("read");
    assert!(list.contains("10.42.0.0/24"), "{list}");
}

fn user_manifests_follow(plane: &ControlPlane) {
    let path = plane.paths.user_manifests().join("web.yaml");
    let config_map =
        |name: &str| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    let names = [
        "get",
        "configmap",
        "-o",
        "jsonpath={.items[*].metadata.name}",
    ];
    let is = |expected: &'static str| {
        move |names: &str| {
            names
                .split(' ')
                .filter(|n| *n != "kube-root-ca.crt")
                .collect::<Vec<_>>()
                .join(" ")
                == expected
        }
    };
    fs::write(&path, config_map("a") + &config_map("b")).expect("write");
    plane.eventually(&names, is("a b"));
    fs::write(&path, config_map("b")).expect("write");
    plane.eventually(&names, is("b"));
    fs::write(
        &path,
        "apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n",
    )
    .expect("write");
    until("the problem to be told", || {
        problem(plane).is_some_and(|text| text.contains("web.yaml, document 1"))
    });
    plane.eventually(&names, is(""));
    fs::write(&path, config_map("b") + "a: [").expect("write");
    until("the typing error to be told", || {
        problem(plane).is_some_and(|text| text.contains("web.yaml: "))
    });
    fs::write(&path, config_map("c")).expect("write");
    plane.eventually(&names, is("c"));
    until("the problem to go", || problem(plane).is_none());
    fs::write(&path, "").expect("write");
    until("the empty file to be told", || {
        problem(plane).is_some_and(|text| text.contains("web.yaml: it is empty"))
    });
    plane.eventually(&names, is("c"));
    fs::remove_file(&path).expect("remove");
    plane.eventually(&names, is(""));
}

fn keep(plane: &ControlPlane) {
    let (settings, paths) = (plane.settings.clone(), plane.paths.clone());
    std::thread::spawn(move || {
        runtime::keep(settings, paths).expect("the keeper runs");
    });
}

fn problem(plane: &ControlPlane) -> Option<String> {
    let state: NodeState =
        init_api::load(plane.paths.at(init_api::paths::NODE)).expect("node.json");
    state.problem.map(|problem| problem.text)
}

fn file(plane: &ControlPlane, name: &str, content: &str) -> String {
    let path = plane.paths.at(name);
    fs::write(&path, content).expect("write");
    path.to_string_lossy().into_owned()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "waited in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}
