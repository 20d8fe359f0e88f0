//! The keeper holds the cluster to the configuration: one test for each thing that it follows.

use crate::engine::{Beside, ControlPlane, openssl, serial};
use init_api::{Configured, NodeState, Problem};
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The user's folder is one.
static MANIFESTS: Mutex<()> = Mutex::new(());

fn manifests_alone() -> MutexGuard<'static, ()> {
    MANIFESTS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn packaged_manifests_are_applied() {
    let plane = ControlPlane::with(Beside::Keeper);
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
}

/// Rights come by bindings that can be taken away; what the keeper removes by is nobody's to write.
#[test]
fn administrators_at_other_machines_have_a_group_of_their_own() {
    let plane = ControlPlane::with(Beside::Keeper);
    let alice = ["--as", "alice", "--as-group", "holdfast:administrators"];
    let as_alice = |words: &[&'static str]| [words, &alice].concat();
    plane.eventually(&as_alice(&["auth", "can-i", "*", "*"]), |said| {
        said.trim() == "yes"
    });
    let asks_kubelets = [
        "auth",
        "can-i",
        "get",
        "nodes/proxy",
        "--as",
        "kube-apiserver-kubelet-client",
    ];
    plane.eventually(&asks_kubelets, |said| said.trim() == "yes");
    assert!(!plane.can("kube-apiserver-kubelet-client", "get", "secrets"));
    let policy = [
        "get",
        "validatingadmissionpolicybinding",
        "holdfast-manifest-lists",
        "-o",
        "name",
    ];
    plane.eventually(&policy, |_| true);
    let list = [
        "-n",
        "kube-system",
        "get",
        "configmap",
        "holdfast-manifests-packaged",
    ];
    plane.eventually(&list, |_| true);
    let annotate = as_alice(&[
        "-n",
        "kube-system",
        "annotate",
        "--overwrite",
        "--dry-run=server",
        "configmap",
        "holdfast-manifests-packaged",
        "a=b",
    ]);
    // Until the API server has the policy.
    until("the list to be nobody's to write", || {
        let done = plane.try_kubectl(&annotate);
        done.is_err_and(|words| words.contains("this is the keeper's list of what it made"))
    });
    let all = as_alice(&[
        "-n",
        "kube-system",
        "delete",
        "--dry-run=server",
        "configmaps",
        "--all",
    ]);
    let refused = plane
        .try_kubectl(&all)
        .expect_err("its lists are among all");
    assert!(refused.contains("this is the keeper's list"), "{refused}");
    let other = [
        "-n",
        "kube-system",
        "create",
        "--dry-run=server",
        "configmap",
        "other",
    ];
    plane.kubectl(&as_alice(&other));
}

/// Without a kubelet no pod runs, so the scheduler's choice is written by hand.
#[test]
fn volumes_are_made_and_removed_with_their_claims() {
    let plane = ControlPlane::with(Beside::Keeper);
    let claim = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, annotations: {volume.kubernetes.io/selected-node: edge}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";
    plane.kubectl(&["create", "-f", &file(&plane, "claim.yaml", claim)]);
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
    until("the claim's folder to go", || made() == 0);
}

/// An old leaf is replaced, and the API server serves the new one without a restart.
#[test]
fn certificates_are_replaced_when_they_are_old() {
    let plane = ControlPlane::with(Beside::Keeper);
    let leaf = plane.paths.leaf("apiserver");
    let file = leaf.to_string_lossy();
    let now = || serial(&["x509", "-noout", "-serial", "-in", &file]);
    until("a new certificate", || now() != plane.first_serial);
    let served = || serial(&["s_client", "-connect", "127.0.0.1:6443", "-showcerts"]);
    until("the API server to serve it", || served() == now());
}

/// Without a kubelet, the node is made by hand.
#[test]
fn the_node_gets_its_labels_and_its_pod_network() {
    let plane = ControlPlane::with(Beside::Keeper);
    plane.kubectl(&[
        "create",
        "-f",
        &file(
            &plane,
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

/// A wrong file at a later boot: who looks after the cluster sees it there, with the place and the cure, until it is mended.
#[test]
fn the_node_says_that_its_configuration_was_rejected() {
    let plane = ControlPlane::with(Beside::Keeper);
    // While there is such a record, the keeper removes no manifest's objects whose configuration it does not know.
    let _alone = manifests_alone();
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: edge}\n";
    plane.kubectl(&["apply", "-f", &file(&plane, "node.yaml", node)]);
    let record = plane.paths.at(init_api::paths::CONFIGURED);
    let wrong = Configured {
        instead: Some(Problem::new(
            "The configuration is not right: /config/config.yaml:3",
            "error: unknown key `hostnam`",
            "Mend config.yaml.",
        )),
        ..Configured::default()
    };
    init_api::store(&record, &wrong).expect("store");
    let condition = |field: &str| {
        let path = "jsonpath={.status.conditions[?(@.type==\"ConfigurationRejected\")]";
        ["get", "node", "edge", "-o", &format!("{path}.{field}}}")].map(str::to_owned)
    };
    let eventually = |field: &str, holds: fn(&str) -> bool| {
        let line = condition(field);
        plane.eventually(&line.each_ref().map(String::as_str), holds);
    };
    eventually("status", |status| status == "True");
    eventually("message", |message| {
        message.contains("config.yaml:3") && message.contains("Mend config.yaml.")
    });
    let events = [
        "get",
        "events",
        "-A",
        "-o",
        "jsonpath={.items[?(@.reason==\"LastGoodConfigurationInForce\")].message}",
    ];
    plane.eventually(&events, |message| message.contains("`hostnam`"));
    init_api::store(&record, &Configured::default()).expect("store");
    eventually("status", |status| status == "False");
    fs::remove_file(&record).expect("remove");
}

#[test]
fn manifests_of_the_user_are_applied_and_pruned() {
    let plane = ControlPlane::with(Beside::Keeper);
    let _alone = manifests_alone();
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
        problem(&plane).is_some_and(|text| text.contains("web.yaml, document 1"))
    });
    plane.eventually(&names, is(""));
    fs::write(&path, config_map("b") + "a: [").expect("write");
    until("the typing error to be told", || {
        problem(&plane).is_some_and(|text| text.contains("web.yaml: "))
    });
    fs::write(&path, config_map("c")).expect("write");
    plane.eventually(&names, is("c"));
    until("the problem to go", || problem(&plane).is_none());
    fs::write(&path, "").expect("write");
    until("the empty file to be told", || {
        problem(&plane).is_some_and(|text| text.contains("web.yaml: it is empty"))
    });
    plane.eventually(&names, is("c"));
    fs::remove_file(&path).expect("remove");
    plane.eventually(&names, is(""));
}

/// Every kind of manifest can be applied, also one that grants what the keeper may not do itself; but the keeper is no
/// administrator.
#[test]
fn its_rights_are_its_own_and_suffice_for_every_manifest() {
    let plane = ControlPlane::with(Beside::Keeper);
    let _alone = manifests_alone();
    let rights = ["get", "clusterrolebinding", "holdfast:keeper", "-o", "name"];
    plane.eventually(&rights, |_| true);
    let certificate = plane.paths.leaf("keeper");
    let file = certificate.to_string_lossy();
    let subject = openssl(&["x509", "-noout", "-subject", "-in", &file], Vec::new());
    let subject = String::from_utf8_lossy(&subject);
    assert!(
        subject.contains("holdfast:keeper") && !subject.contains("system:masters"),
        "{subject}"
    );
    for (verb, what, may) in [
        ("create", "secrets", true),
        ("delete", "customresourcedefinitions", true),
        ("escalate", "clusterroles.rbac.authorization.k8s.io", true),
        ("watch", "nodes", true),
        ("watch", "pods", true),
        ("list", "secrets", false),
        ("impersonate", "users", false),
        ("deletecollection", "pods", false),
        ("approve", "signers.certificates.k8s.io", false),
    ] {
        // The API server goes by a new role a moment after it has it.
        until(&format!("{verb} {what}: {may}"), || {
            plane.can("holdfast:keeper", verb, what) == may
        });
    }
    let path = plane.paths.user_manifests().join("rights.yaml");
    fs::write(&path, GRANTS).expect("write");
    plane.eventually(&["get", "clusterrolebinding", "all", "-o", "name"], |_| {
        true
    });
    plane.eventually(&["get", "widget", "one", "-o", "name"], |_| true);
    fs::remove_file(&path).expect("remove");
    let gone = ["get", "clusterrolebinding", "all", "--ignore-not-found"];
    plane.eventually(&gone, str::is_empty);
}

/// Also when the definition is in a file that is read after the object's, or comes minutes later.
#[test]
fn an_object_is_made_when_its_definition_comes() {
    let plane = ControlPlane::with(Beside::Keeper);
    let _alone = manifests_alone();
    let at = |name: &str| plane.paths.user_manifests().join(name);
    let files = [at("00-object.yaml"), at("99-definition.yaml")];
    fs::write(&files[0], GADGET).expect("write");
    let word = plane.paths.at(init_api::paths::NODE);
    until("the keeper's word", || word.exists());
    until("the kind to be missed", || {
        problem(&plane).is_some_and(|text| {
            text.contains("00-object.yaml") && text.contains("is its definition missing?")
        })
    });
    fs::write(&files[1], GADGETS).expect("write");
    plane.eventually(&["get", "gadget", "one", "-o", "name"], |_| true);
    until("nothing to be missed", || problem(&plane).is_none());
    for file in &files {
        fs::remove_file(file).expect("remove");
    }
    let gone = [
        "get",
        "crd",
        "gadgets.late.example.dev",
        "--ignore-not-found",
    ];
    plane.eventually(&gone, str::is_empty);
}

const GADGET: &str = "\
apiVersion: late.example.dev/v1
kind: Gadget
metadata: {name: one}
";
const GADGETS: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.late.example.dev}
spec:
  group: late.example.dev
  scope: Cluster
  names: {kind: Gadget, plural: gadgets, singular: gadget}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
";

const GRANTS: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}, {nonResourceURLs: ['*'], verbs: ['*']}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: all}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: deployer, namespace: default}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.dev}
spec:
  group: example.dev
  scope: Cluster
  names: {kind: Widget, plural: widgets, singular: widget}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
---
apiVersion: example.dev/v1
kind: Widget
metadata: {name: one}
";

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

pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "waited in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}
