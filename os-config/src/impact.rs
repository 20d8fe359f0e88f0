//! What it takes for a changed key to take effect.

use std::fmt;

/// What it takes for a changed key to take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// Nothing: it takes effect as soon as it is applied.
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

/// The first prefix that fits a key decides.
const TABLE: &[(&str, Impact)] = &[
    ("version", Impact::Live),
    (
        "hostname",
        Impact::Restart(&["cluster-prepare", "kubernetes", "keeper"]),
    ),
    ("timezone", Impact::Live),
    ("ssh_authorized_keys", Impact::Live),
    ("password", Impact::Live),
    ("write_files", Impact::Live),
    ("init_commands", Impact::Reboot),
    ("boot_commands", Impact::Reboot),
    ("run_commands", Impact::Reboot),
    ("modules", Impact::Live),
    ("sysctls", Impact::Live),
    (
        "environment",
        Impact::Restart(&["containerd", "cluster-prepare", "kubernetes", "keeper"]),
    ),
    ("ntp_servers", Impact::Restart(&["time"])),
    (
        "network.proxy",
        Impact::Restart(&["containerd", "kubernetes", "keeper"]),
    ),
    ("network", Impact::Live),
    ("server_url", Impact::NewCluster),
    ("token", Impact::Reboot),
    ("cluster", Impact::NewCluster),
    ("labels", Impact::Live),
    ("taints", Impact::Live),
    ("kubernetes.pod_cidr", Impact::NewCluster),
    ("kubernetes.service_cidr", Impact::NewCluster),
    ("kubernetes.cluster_domain", Impact::NewCluster),
    (
        "kubernetes",
        Impact::Restart(&["cluster-prepare", "kubernetes"]),
    ),
    ("registries", Impact::Restart(&["containerd"])),
    ("manifests", Impact::Live),
    ("images", Impact::Live),
    ("components", Impact::Live),
    ("config_url", Impact::Live),
    ("logs", Impact::Reboot),
    ("data_sources", Impact::Live),
    ("install", Impact::Live),
    ("upgrade", Impact::Live),
    ("health", Impact::Live),
];

/// True when `key`, of the top level, has a row in the table; what has none is taken for the worst.
pub fn is_classified(key: &str) -> bool {
    TABLE.iter().any(|(prefix, _)| *prefix == key)
}

/// What it takes for a change of `key` to take effect; `key` is written as in [`Change`](crate::Change).
pub fn impact(key: &str) -> Impact {
    let below = |prefix: &str| {
        key.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    TABLE
        .iter()
        .find(|(prefix, _)| below(prefix))
        .map_or(Impact::Reboot, |(_, impact)| *impact)
}
