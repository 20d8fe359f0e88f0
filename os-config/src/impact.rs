//! What it takes for a changed key to take effect.

use std::fmt;

use crate::tree::Path;

/// What it takes for a changed key to take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// Nothing: it takes effect as soon as it is applied. The keeper may start anew to do so, which nobody notices.
    Live,
    /// Services start anew; pods keep running.
    Restart(&'static [&'static str]),
    /// The machine starts anew.
    Reboot,
    /// It cannot change once the cluster exists.
    NewCluster,
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("at once"),
            Self::Restart(services) => write!(f, "restarts {}", services.join(", ")),
            Self::Reboot => f.write_str("at the next boot"),
            Self::NewCluster => f.write_str("never: the cluster would have to be made anew"),
        }
    }
}

/// What reads the environment: all of the cluster's services.
const ENVIRONMENT: Impact = Impact::Restart(&[
    "containerd",
    "system-image",
    "cluster-prepare",
    "control-plane",
    "kubelet",
    "keeper",
]);
/// What reads how Kubernetes runs.
const KUBERNETES: Impact =
    Impact::Restart(&["cluster-prepare", "control-plane", "kubelet", "keeper"]);

/// The first prefix that fits a key decides; `*` stands for any key. `node-setup/tests/setup/impact.rs` holds this against
/// the services that really change.
const TABLE: &[(&str, Impact)] = &[
    ("version", Impact::Live),
    ("hostname", Impact::Live),
    ("timezone", Impact::Live),
    ("ssh_authorized_keys", Impact::Live),
    ("password", Impact::Live),
    ("write_files", Impact::Live),
    ("init_commands", Impact::Reboot),
    ("boot_commands", Impact::Reboot),
    ("run_commands", Impact::Reboot),
    ("modules", Impact::Live),
    ("sysctls", Impact::Live),
    ("environment", ENVIRONMENT),
    ("ntp_servers", Impact::Restart(&["time"])),
    ("network.proxy", ENVIRONMENT),
    ("network", Impact::Live),
    ("labels", Impact::Live),
    ("taints", Impact::Live),
    ("kubernetes.node_name", Impact::NewCluster),
    ("kubernetes.pod_cidr", Impact::NewCluster),
    ("kubernetes.service_cidr", Impact::NewCluster),
    ("kubernetes.cluster_domain", Impact::NewCluster),
    ("kubernetes", KUBERNETES),
    // containerd reads these two whenever it pulls.
    ("registries.mirrors", Impact::Live),
    ("registries.configs.*.tls", Impact::Live),
    ("registries", Impact::Restart(&["containerd", "keeper"])),
    ("manifests", Impact::Live),
    ("images", Impact::Live),
    ("components", Impact::Live),
    ("config_url", Impact::Live),
    ("logs", Impact::Reboot),
];

/// True when `key`, of the top level, has a row in the table; what has none is taken for the worst.
pub fn is_classified(key: &str) -> bool {
    TABLE.iter().any(|(prefix, _)| *prefix == key)
}

/// What it takes for a change of `key` to take effect; `key` is written as in [`Change`](crate::Change).
pub fn impact(key: &str) -> Impact {
    let path = Path::parse(key).unwrap_or_default();
    let below = |prefix: &str| {
        let mut keys = path.keys();
        prefix
            .split('.')
            .all(|step| keys.next().is_some_and(|key| step == "*" || step == key))
    };
    TABLE
        .iter()
        .find(|(prefix, _)| below(prefix))
        .map_or(Impact::Reboot, |(_, impact)| *impact)
}
