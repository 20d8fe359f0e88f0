//! The automated controls of the CIS benchmark for Kubernetes, 1.11, and those of its manual ones that a flag decides, judged by
//! what a node's components are started with. The table in docs/security.md is compared with what is judged here;
//! `HOLDFAST_BLESS=1` writes it anew.

#![allow(
    clippy::disallowed_methods,
    reason = "a page of the checkout need not outlast a power cut"
)]

use runtime::pki::Authorities;
use runtime::plan::{self, NodeFacts};
use runtime::{Paths, Settings};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// What the components of a node that says nothing are started with.
struct Node {
    engine: Value,
    kubelet: Value,
    /// Mode of every file.
    modes: Vec<u32>,
}

impl Node {
    fn plain() -> Self {
        let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let folder = tempfile::tempdir().expect("temp folder");
        let authorities =
            Authorities::ensure(&folder.path().join("pki"), now).expect("authorities");
        let facts = NodeFacts {
            address: "192.168.1.5".parse().expect("address"),
            memory: 2 << 30,
            now,
            emulate: None,
        };
        let settings = Settings::named("edge-1", "0.1.0");
        let files = plan::plan(&settings, &facts, &Paths::default(), &authorities).expect("a plan");
        let json = |name: &str| {
            let file = files.iter().find(|file| file.path.ends_with(name));
            serde_json::from_slice(&file.expect("planned").content).expect("JSON")
        };
        Self {
            engine: json("engine.json"),
            kubelet: json("kubelet.json"),
            modes: files.iter().map(|file| file.mode).collect(),
        }
    }

    /// The value of a component's flag.
    fn flag(&self, component: &str, flag: &str) -> Option<&str> {
        let components = self.engine["components"].as_array().expect("a list");
        let component = components.iter().find(|one| one["name"] == component);
        let args = component.expect("runs")["args"].as_array().expect("a list");
        let begin = format!("--{flag}=");
        args.iter()
            .find_map(|arg| arg.as_str()?.strip_prefix(&begin))
    }

    fn api(&self, flag: &str) -> Option<&str> {
        self.flag("kube-apiserver", flag)
    }

    fn number(&self, flag: &str) -> u64 {
        self.api(flag)
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }

    fn lists(&self, flag: &str, word: &str) -> bool {
        self.api(flag)
            .is_some_and(|value| value.split(',').any(|one| one == word))
    }
}

/// The benchmark's words for the ciphers that it calls strong, of the API server and of the kubelet.
const STRONG: [&str; 6] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
];

/// Number, what it asks, whether a node does so, and why not.
type Control = (&'static str, &'static str, fn(&Node) -> bool, &'static str);

const NO_STATIC_PODS: &str = "does not apply: no component runs as a static pod";
const NO_ETCD: &str = "does not apply: SQLite behind a Unix socket that only root may open";

const CONTROLS: [Control; 52] = [
    (
        "1.1.1 to 1.1.8",
        "files of static pods",
        |_| false,
        NO_STATIC_PODS,
    ),
    ("1.1.11, 1.1.12", "etcd's data", |_| false, NO_ETCD),
    (
        "1.1.13 to 1.1.18",
        "kubeconfigs: 600 or less, root's",
        |n| n.modes.iter().all(|mode| *mode == 0o600),
        "",
    ),
    (
        "1.2.1",
        "anonymous requests",
        |_| false,
        "three paths without data only: `/livez`, `/readyz`, `/healthz`",
    ),
    (
        "1.2.2",
        "no tokens in a file",
        |n| n.api("token-auth-file").is_none(),
        "",
    ),
    (
        "1.2.3",
        "`DenyServiceExternalIPs`",
        |n| n.lists("enable-admission-plugins", "DenyServiceExternalIPs"),
        "external addresses of Services are how a cluster without a load balancer is reached",
    ),
    (
        "1.2.4",
        "client certificate to kubelets",
        |n| n.api("kubelet-client-certificate").is_some() && n.api("kubelet-client-key").is_some(),
        "",
    ),
    (
        "1.2.5",
        "kubelets' authority",
        |n| n.api("kubelet-certificate-authority").is_some(),
        "",
    ),
    (
        "1.2.6",
        "not `AlwaysAllow`",
        |n| !n.lists("authorization-mode", "AlwaysAllow"),
        "",
    ),
    (
        "1.2.7",
        "authorization by `Node`",
        |n| n.lists("authorization-mode", "Node"),
        "",
    ),
    (
        "1.2.8",
        "authorization by `RBAC`",
        |n| n.lists("authorization-mode", "RBAC"),
        "",
    ),
    (
        "1.2.9",
        "`EventRateLimit`",
        |n| n.lists("enable-admission-plugins", "EventRateLimit"),
        "one node makes few events, and the keeper bounds nothing by it",
    ),
    (
        "1.2.10",
        "not `AlwaysAdmit`",
        |n| !n.lists("enable-admission-plugins", "AlwaysAdmit"),
        "",
    ),
    (
        "1.2.11",
        "`AlwaysPullImages`",
        |n| n.lists("enable-admission-plugins", "AlwaysPullImages"),
        "a store without internet starts its pods",
    ),
    (
        "1.2.12, 1.2.13",
        "`ServiceAccount`, `NamespaceLifecycle`",
        |n| n.api("disable-admission-plugins").is_none(),
        "",
    ),
    (
        "1.2.14",
        "`NodeRestriction`",
        |n| n.lists("enable-admission-plugins", "NodeRestriction"),
        "",
    ),
    (
        "1.2.15",
        "API server: no profiling",
        |n| n.api("profiling") == Some("false"),
        "",
    ),
    (
        "1.2.16",
        "audit log",
        |n| n.api("audit-log-path").is_some(),
        "",
    ),
    (
        "1.2.17",
        "audit log: 30 days",
        |n| n.number("audit-log-maxage") >= 30,
        "",
    ),
    (
        "1.2.18",
        "audit log: 10 files",
        |n| n.number("audit-log-maxbackup") >= 10,
        "",
    ),
    (
        "1.2.19",
        "audit log: 100 MB",
        |n| n.number("audit-log-maxsize") >= 100,
        "1 MB: it lies in memory; `kubernetes.api_server_args` sets it, where `logs.persist` is on",
    ),
    (
        "1.2.20",
        "request timeout is said",
        |n| n.api("request-timeout").is_some(),
        "",
    ),
    (
        "1.2.21",
        "tokens are looked up",
        |n| n.api("service-account-lookup") != Some("false"),
        "",
    ),
    (
        "1.2.22",
        "key of service accounts",
        |n| n.api("service-account-key-file").is_some(),
        "",
    ),
    (
        "1.2.23, 1.2.26",
        "TLS to etcd",
        |n| n.api("etcd-cafile").is_some(),
        NO_ETCD,
    ),
    (
        "1.2.24",
        "certificate of the API server",
        |n| n.api("tls-cert-file").is_some() && n.api("tls-private-key-file").is_some(),
        "",
    ),
    (
        "1.2.25",
        "authority of clients",
        |n| n.api("client-ca-file").is_some(),
        "",
    ),
    (
        "1.2.27, 1.2.28",
        "Secrets are encrypted",
        |n| n.api("encryption-provider-config").is_some(),
        "",
    ),
    (
        "1.2.29",
        "API server: strong ciphers",
        |n| {
            n.api("tls-cipher-suites")
                .is_some_and(|all| all.split(',').all(|one| STRONG.contains(&one)))
        },
        "",
    ),
    (
        "1.2.30",
        "tokens are not extended",
        |n| n.api("service-account-extend-token-expiration") == Some("false"),
        "programs that read their token once go on for a year; `kubernetes.api_server_args` sets it",
    ),
    (
        "1.3.1",
        "ended pods are bounded",
        |n| {
            n.flag("kube-controller-manager", "terminated-pod-gc-threshold")
                .is_some()
        },
        "",
    ),
    (
        "1.3.2",
        "controller-manager: no profiling",
        |n| n.flag("kube-controller-manager", "profiling") == Some("false"),
        "",
    ),
    (
        "1.3.3",
        "an account for each controller",
        |n| n.flag("kube-controller-manager", "use-service-account-credentials") == Some("true"),
        "",
    ),
    (
        "1.3.4",
        "key of service accounts",
        |n| {
            n.flag(
                "kube-controller-manager",
                "service-account-private-key-file",
            )
            .is_some()
        },
        "",
    ),
    (
        "1.3.5",
        "root authority",
        |n| n.flag("kube-controller-manager", "root-ca-file").is_some(),
        "",
    ),
    (
        "1.3.7",
        "controller-manager: loopback only",
        |n| n.flag("kube-controller-manager", "bind-address") == Some("127.0.0.1"),
        "",
    ),
    (
        "1.4.1",
        "scheduler: no profiling",
        |n| n.flag("kube-scheduler", "profiling") == Some("false"),
        "",
    ),
    (
        "1.4.2",
        "scheduler: loopback only",
        |n| n.flag("kube-scheduler", "bind-address") == Some("127.0.0.1"),
        "",
    ),
    ("2.1 to 2.7", "etcd's TLS", |_| false, NO_ETCD),
    (
        "3.2.1",
        "an audit policy",
        |n| n.api("audit-policy-file").is_some(),
        "",
    ),
    (
        "4.2.1",
        "kubelet: no anonymous requests",
        |n| n.kubelet["authentication"]["anonymous"]["enabled"] == false,
        "",
    ),
    (
        "4.2.2",
        "kubelet: not `AlwaysAllow`",
        |n| n.kubelet["authorization"]["mode"] == "Webhook",
        "",
    ),
    (
        "4.2.3",
        "kubelet: authority of clients",
        |n| n.kubelet["authentication"]["x509"]["clientCAFile"].is_string(),
        "",
    ),
    (
        "4.2.4",
        "kubelet: no read-only port",
        |n| n.kubelet["readOnlyPort"] == 0,
        "",
    ),
    (
        "4.2.5",
        "kubelet: idle streams end",
        |n| {
            n.kubelet["streamingConnectionIdleTimeout"]
                .as_str()
                .is_some_and(|time| time != "0")
        },
        "",
    ),
    (
        "4.2.6",
        "kubelet: chains of iptables",
        |n| n.kubelet["makeIPTablesUtilChains"] == true,
        "",
    ),
    (
        "4.2.7",
        "kubelet: name is the host's",
        |n| n.flag("kubelet", "hostname-override").is_none(),
        "the node keeps its name when the machine's changes",
    ),
    (
        "4.2.9",
        "kubelet: certificate",
        |n| n.kubelet["tlsCertFile"].is_string() && n.kubelet["tlsPrivateKeyFile"].is_string(),
        "",
    ),
    (
        "4.2.10, 4.2.11, 1.3.6",
        "kubelet asks for certificates",
        |n| n.kubelet["rotateCertificates"] == true && n.kubelet["serverTLSBootstrap"] == true,
        "the keeper renews them, before two thirds of their time",
    ),
    (
        "4.2.12",
        "kubelet: strong ciphers",
        |n| {
            n.kubelet["tlsCipherSuites"].as_array().is_some_and(|all| {
                all.iter()
                    .all(|one| one.as_str().is_some_and(|one| STRONG.contains(&one)))
            })
        },
        "",
    ),
    (
        "4.2.13, 4.2.14",
        "kubelet: processes of pods are bounded, seccomp by default",
        |n| {
            n.kubelet["podPidsLimit"]
                .as_u64()
                .is_some_and(|limit| limit > 0)
                && n.kubelet["seccompDefault"] == true
        },
        "",
    ),
    (
        "4.3.1",
        "kube-proxy: metrics on the loopback",
        |n| {
            n.flag("kube-proxy", "metrics-bind-address")
                .is_some_and(|at| at.starts_with("127.0.0.1:"))
        },
        "",
    ),
];

#[test]
fn a_plain_node_passes_or_has_a_reason() {
    let node = Node::plain();
    for (number, asks, passes, why) in CONTROLS {
        let passes = passes(&node);
        assert_eq!(
            passes,
            why.is_empty(),
            "{number}, {asks}: passes {passes}, and the reason why not is {why:?}"
        );
    }
}

/// What the table is made of.
fn table() -> String {
    let mut text = "| control | asks | a plain node |\n|---|---|---|\n".to_owned();
    for (number, asks, _, why) in CONTROLS {
        let state = if why.is_empty() { "pass" } else { why };
        text.push_str(&format!("| {number} | {asks} | {state} |\n"));
    }
    text
}

#[test]
fn the_documentation_has_what_is_judged() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let page = std::fs::read_to_string(&path).expect("docs/security.md");
    let (begin, rest) = page
        .split_once("<!-- cis: begin -->\n")
        .expect("a mark where it begins");
    let (there, end) = rest
        .split_once("<!-- cis: end -->")
        .expect("a mark where it ends");
    if std::env::var_os("HOLDFAST_BLESS").is_some() {
        let page = format!(
            "{begin}<!-- cis: begin -->\n{}<!-- cis: end -->{end}",
            table()
        );
        return std::fs::write(&path, page).expect("written");
    }
    assert_eq!(there, table(), "HOLDFAST_BLESS=1 writes it anew");
}
