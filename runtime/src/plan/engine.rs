//! `engine.json`: which components run, with which flags, after what.

use super::file::{leaf_file, trust_file};
use super::node_facts::{API_PORT, LOCAL_API, NodeFacts};
use super::{api_server, controllers, kubelet, network};
use crate::args::Args;
use crate::file::PlannedFile;
use crate::paths::text;
use crate::pki::ADMIN;
use crate::{Paths, Settings};
use init_api::Minor;
use init_api::paths::CONTAINERD_SOCKET;
use os_config::WhenDamaged;
use serde::Serialize;
use std::collections::BTreeMap;

/// The plan of `engine run`; its README describes every key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnginePlan {
    version: u8,
    env: BTreeMap<String, String>,
    gc: Gc,
    components: Vec<Component>,
}

/// Settings of Go's collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gc {
    percent: u32,
    settled_percent: u32,
    give_back_seconds: u32,
    memory_limit_mib: u64,
}

/// One component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Component {
    name: &'static str,
    args: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<Condition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ready: Vec<Condition>,
}

/// Something to wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", untagged)]
pub enum Condition {
    /// A listening Unix socket.
    Unix {
        /// Its path.
        unix: String,
    },
    /// A port that accepts connections.
    Tcp {
        /// Host and port.
        tcp: &'static str,
    },
    /// An address that answers 200.
    Https {
        /// The address.
        https: String,
        /// Who signed its certificate.
        ca: String,
        /// The certificate to be recognised with.
        cert: String,
        /// Its key.
        key: String,
    },
    /// An earlier component's `ready`.
    Component {
        /// Its name.
        component: &'static str,
    },
}

/// The components of the service `control-plane`.
///
/// Two processes, not one: each of controller-manager and kubelet sets up the volume plugin for CSI, whose state is global
/// to a process, and the last one wins. With the controller-manager's the kubelet cannot register a driver, or even itself
/// (`pkg/volume/csi/csi_plugin.go`; MicroShift's pull request 856 has the story).
pub(crate) const CONTROL_PLANE: [&str; 4] = [
    "kine",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];
/// The components of the service `kubelet`.
pub(crate) const NODE: [&str; 3] = ["kubelet", "kube-proxy", "flanneld"];

/// SQLite's parameters.
///
/// WAL with `synchronous=NORMAL`: SQLite flushes at its checkpoints only. The engine flushes the log itself before it
/// acknowledges a write, but not for events and renewals of leases (`docs/design/durability.md`).
const SQLITE: &str = "_journal_mode=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&_stmt_cache_size=20&cache=shared&_kine_disable_startup_vacuum";

/// Snapshots of the datastore that are kept.
const SNAPSHOTS: u8 = 3;
/// Bytes that snapshots may write in an hour, in the long run: a sixteenth of what an idle node may write in all. One of 4
/// MiB is taken every four hours.
const SNAPSHOTS_RATE: u32 = 1 << 20;

/// The controller-manager's own port.
const MANAGER: &str = "127.0.0.1:10257";
/// The kubelet's port for its health.
const KUBELET: &str = "127.0.0.1:10248";

/// The plan for a single server.
pub(super) fn plan(settings: &Settings, facts: &NodeFacts, paths: &Paths) -> EnginePlan {
    let extra = &settings.args;
    let controllers = emulating(controllers::manager(settings, paths), facts.emulate)
        .merged(&extra.controller_manager);
    let scheduler =
        emulating(controllers::scheduler(paths), facts.emulate).merged(&extra.scheduler);
    let kubelet = kubelet::args(settings, facts, paths).merged(&extra.kubelet);
    let proxy = network::proxy_args(settings, facts, paths).merged(&extra.kube_proxy);
    let flannel = network::flannel_args(settings, facts, paths);
    let containerd = Condition::Unix {
        unix: text(&paths.at(CONTAINERD_SOCKET)),
    };
    // kube-proxy and flannel have nothing to do before there is a node, and are refused before the API server has made its
    // roles.
    let node = || {
        vec![
            component_ready("kubelet"),
            component_ready("kube-apiserver"),
        ]
    };
    EnginePlan {
        version: 1,
        env: environment(settings, facts),
        gc: garbage_collector(facts.memory),
        components: vec![
            kine(settings, facts, paths),
            api_server(settings, facts, paths),
            listening(
                "kube-controller-manager",
                controllers,
                vec![component_ready("kube-apiserver")],
                MANAGER,
            ),
            component(
                "kube-scheduler",
                scheduler,
                vec![component_ready("kube-controller-manager")],
            ),
            listening(
                "kubelet",
                kubelet,
                vec![first_answer(paths), containerd],
                KUBELET,
            ),
            component("kube-proxy", proxy, node()),
            component("flanneld", flannel, node()),
        ],
    }
}

/// The API server asks the kubelet for logs at the node's address, which must not go through a proxy.
fn environment(settings: &Settings, facts: &NodeFacts) -> BTreeMap<String, String> {
    let mut environment = settings.environment.clone();
    for name in ["NO_PROXY", "no_proxy"] {
        if let Some(hosts) = environment.get_mut(name) {
            let comma = if hosts.is_empty() { "" } else { "," };
            *hosts = format!("{hosts}{comma}{}", facts.address);
        }
    }
    environment
}

fn component_ready(component: &'static str) -> Condition {
    Condition::Component { component }
}

/// A component that is ready when its port is open: much cheaper to ask than the API server, which during its start has
/// better things to do than to shake many hands.
fn listening(
    name: &'static str,
    args: Args,
    after: Vec<Condition>,
    tcp: &'static str,
) -> Component {
    Component {
        ready: vec![Condition::Tcp { tcp }],
        ..component(name, args, after)
    }
}

fn component(name: &'static str, args: Args, after: Vec<Condition>) -> Component {
    Component {
        name,
        args: args.into_vec(),
        after,
        ready: Vec::new(),
    }
}

/// Serves and stores only what the older minor can read (KEP-4330).
fn emulating(args: Args, minor: Option<Minor>) -> Args {
    let Some(minor) = minor else {
        return args;
    };
    args.set("emulated-version", format!("kube={minor}"))
        .set("min-compatibility-version", format!("kube={minor}"))
}

fn kine(settings: &Settings, facts: &NodeFacts, paths: &Paths) -> Component {
    let socket = text(&paths.datastore_socket());
    let database = text(&paths.cluster().join(settings.datastore.place()));
    let args = Args::default()
        .set("endpoint", format!("sqlite://{database}?{SQLITE}"))
        .set("listen-address", format!("unix://{socket}"))
        // By default the last 1000 revisions are kept, which a quiet node makes in half an hour. The API server asks for
        // what is older than its `--etcd-compaction-interval`, five minutes, as of etcd. The newest stays: it is the count.
        .set("compact-min-retain", "1")
        .set("snapshots", text(&paths.snapshots()))
        .set("snapshots-keep", SNAPSHOTS.to_string())
        .set("snapshots-rate", SNAPSHOTS_RATE.to_string());
    // What the release before wrote last is kept until the one on trial is confirmed, whatever becomes of the other snapshots.
    let args = match facts.emulate {
        Some(minor) => args.set("snapshot-of", minor.to_string()),
        None => args,
    };
    // Of a damaged datastore there is more to be had than an empty one: `renew` is for the file system alone.
    let args = match settings.when_damaged {
        WhenDamaged::Stop => args.set("when-damaged", "stop"),
        WhenDamaged::Repair | WhenDamaged::Renew => args,
    };
    Component {
        ready: vec![Condition::Unix { unix: socket }],
        ..component("kine", args, Vec::new())
    }
}

fn api_server(settings: &Settings, facts: &NodeFacts, paths: &Paths) -> Component {
    let args = emulating(api_server::args(settings, facts, paths), facts.emulate)
        .merged(&settings.args.api_server);
    debug_assert!(LOCAL_API.ends_with(&API_PORT.to_string()));
    Component {
        ready: vec![https_answers(paths, "/readyz")],
        ..component("kube-apiserver", args, vec![component_ready("kine")])
    }
}

/// The API server answers at all.
///
/// It is ready some seconds later, when it has looked through its roles. What a kubelet asks is allowed by a rule that is
/// compiled in, and served from the first answer on (`runtime/engine/proof/node_test.go`); so it starts meanwhile.
fn first_answer(paths: &Paths) -> Condition {
    https_answers(paths, "/livez/ping")
}

/// Asked as the administrator: before the API server has made its roles it answers no one else.
fn https_answers(paths: &Paths, path: &str) -> Condition {
    let admin = leaf_file(paths, ADMIN);
    Condition::Https {
        https: format!("{LOCAL_API}{path}"),
        ca: trust_file(paths, "ca.crt"),
        cert: admin.clone(),
        key: admin,
    }
}

/// A collector that runs five times as often as Go's default, and harder still from a share of the machine's memory on.
/// Below a quarter of memory nothing is gained by a limit; above 1 GiB there is enough to be had. A start is not held up by the
/// lower percentage, and what it leaves unused is given back. The laxer a start is, the sooner it is over, and the more pieces its
/// heap stays in: a machine that has the memory has the time (docs/design/engine-programs.md has the figures).
fn garbage_collector(memory: u64) -> Gc {
    Gc {
        percent: match memory >> 20 {
            0..900 => 30,
            900..3000 => 60,
            _ => 150,
        },
        settled_percent: 20,
        give_back_seconds: 60,
        memory_limit_mib: (memory / (3 << 20)).clamp(300, 1024),
    }
}

impl EnginePlan {
    pub(super) fn file(&self, paths: &Paths) -> PlannedFile {
        let text = serde_json::to_string_pretty(self).expect("maps with text keys become JSON");
        PlannedFile::new(paths.engine_plan(), 0o600, text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{CONTROL_PLANE, NODE, environment, plan};
    use crate::plan::NodeFacts;
    use crate::{Paths, Settings};
    use std::time::SystemTime;

    fn facts() -> NodeFacts {
        NodeFacts {
            address: [192, 168, 1, 5].into(),
            memory: 0,
            now: SystemTime::UNIX_EPOCH,
            emulate: None,
        }
    }

    #[test]
    fn every_component_is_in_one_of_the_two_processes() {
        let settings = Settings::named("edge", "0.1.0");
        let plan = plan(&settings, &facts(), &Paths::default());
        let names: Vec<_> = plan.components.iter().map(|c| c.name).collect();
        assert_eq!(names, [CONTROL_PLANE.as_slice(), &NODE].concat());
    }

    #[test]
    fn the_datastore_knows_when_a_person_decides() {
        for (text, wanted) in [
            ("", None),
            ("state: {when_damaged: repair}", None),
            ("state: {when_damaged: renew}", None),
            (
                "state: {when_damaged: stop}",
                Some("--when-damaged=stop".to_owned()),
            ),
        ] {
            let config = format!("version: 1\n{text}\n");
            let config = os_config::parse_config("config.yaml", config.as_bytes()).expect("valid");
            let settings = Settings::of(&config, "edge", "0.1.0", None);
            let plan = plan(&settings, &facts(), &Paths::default());
            let flag = |arg: &&String| arg.starts_with("--when-damaged");
            let found = plan.components[0].args.iter().find(flag).cloned();
            assert_eq!(found, wanted, "{text}");
        }
    }

    #[test]
    fn the_kubelet_is_not_behind_a_proxy() {
        let mut settings = Settings::named("edge", "0.1.0");
        assert!(environment(&settings, &facts()).is_empty());
        for (before, after) in [
            ("", "192.168.1.5"),
            ("10.0.0.0/8", "10.0.0.0/8,192.168.1.5"),
        ] {
            settings
                .environment
                .insert("NO_PROXY".into(), before.into());
            assert_eq!(environment(&settings, &facts())["NO_PROXY"], after);
        }
    }
}
