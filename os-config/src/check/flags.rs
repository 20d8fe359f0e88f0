//! Flags of components that a configuration may not set: with them the node could not do its work.

const IDENTITY: &str = "the node makes and rotates its own certificates and keys";
const PLACE: &str = "other parts of the node rely on where this listens and stores";
const NETWORK: &str = "set `kubernetes.pod_cidr`, `service_cidr` or `cluster_domain` instead";
const NAME: &str = "set `kubernetes.node_name` or `node_address` instead";
const OPEN: &str = "it would open the node to everyone who reaches it: the kubelet obeys the cluster's API server alone";
const LOGINS: &str =
    "a token in that file opens the cluster for good; use service accounts or client certificates";
const HEALTH: &str = "the node's own checks rely on it";

/// The key below `kubernetes` (`*` for all), the flag, why.
const REFUSED: &[(&str, &str, &str)] = &[
    ("*", "kubeconfig", IDENTITY),
    ("*", "tls-cert-file", IDENTITY),
    ("*", "tls-private-key-file", IDENTITY),
    ("*", "client-ca-file", IDENTITY),
    (
        "*",
        "config",
        "set single flags; the file is made by the node",
    ),
    ("*", "logging-format", "all components share one log"),
    (
        "*",
        "v",
        "all components share one log; it cannot be set for one",
    ),
    ("api_server_args", "etcd-servers", PLACE),
    ("api_server_args", "secure-port", PLACE),
    ("api_server_args", "service-cluster-ip-range", NETWORK),
    ("api_server_args", "advertise-address", NAME),
    (
        "api_server_args",
        "authorization-mode",
        "RBAC and Node authorization are always on",
    ),
    (
        "api_server_args",
        "authorization-config",
        "RBAC and Node authorization are always on",
    ),
    ("api_server_args", "token-auth-file", LOGINS),
    (
        "api_server_args",
        "anonymous-auth",
        "only the health addresses are open to everyone",
    ),
    (
        "api_server_args",
        "authentication-config",
        "only the health addresses are open to everyone",
    ),
    ("api_server_args", "service-account-key-file", IDENTITY),
    (
        "api_server_args",
        "service-account-signing-key-file",
        IDENTITY,
    ),
    ("api_server_args", "encryption-provider-config", IDENTITY),
    ("api_server_args", "kubelet-client-certificate", IDENTITY),
    ("api_server_args", "kubelet-client-key", IDENTITY),
    ("api_server_args", "proxy-client-cert-file", IDENTITY),
    ("api_server_args", "proxy-client-key-file", IDENTITY),
    ("api_server_args", "allow-privileged", "system pods need it"),
    ("controller_manager_args", "cluster-cidr", NETWORK),
    (
        "controller_manager_args",
        "service-cluster-ip-range",
        NETWORK,
    ),
    (
        "controller_manager_args",
        "service-account-private-key-file",
        IDENTITY,
    ),
    (
        "controller_manager_args",
        "cluster-signing-cert-file",
        IDENTITY,
    ),
    (
        "controller_manager_args",
        "cluster-signing-key-file",
        IDENTITY,
    ),
    ("controller_manager_args", "root-ca-file", IDENTITY),
    ("kubelet_args", "hostname-override", NAME),
    ("kubelet_args", "node-ip", NAME),
    ("kubelet_args", "cluster-dns", NETWORK),
    ("kubelet_args", "cluster-domain", NETWORK),
    ("kubelet_args", "root-dir", PLACE),
    ("kubelet_args", "container-runtime-endpoint", PLACE),
    (
        "kubelet_args",
        "cgroup-driver",
        "there is no systemd on the node",
    ),
    ("kubelet_args", "cgroup-root", PLACE),
    ("kubelet_args", "cert-dir", PLACE),
    (
        "kubelet_args",
        "node-labels",
        "set `labels` instead: they follow the file at all times",
    ),
    (
        "kubelet_args",
        "register-with-taints",
        "set `taints` instead: they follow the file at all times",
    ),
    ("kubelet_args", "healthz-port", HEALTH),
    ("kubelet_args", "anonymous-auth", OPEN),
    ("kubelet_args", "authorization-mode", OPEN),
    ("kubelet_args", "read-only-port", OPEN),
    (
        "kubelet_args",
        "config-dir",
        "set single flags; files there would win over what the node sets",
    ),
    ("kube_proxy_args", "hostname-override", NAME),
    (
        "kube_proxy_args",
        "bind-address",
        "it is the node's address: set `kubernetes.node_address` instead",
    ),
    ("kube_proxy_args", "cluster-cidr", NETWORK),
    (
        "kube_proxy_args",
        "proxy-mode",
        "pods and Services share one nftables set-up",
    ),
];

/// Why `flag` may not be set under `key`, if it may not.
pub(super) fn refusal(key: &str, flag: &str) -> Option<&'static str> {
    let hit = |(whose, name, _): &&(&str, &str, &'static str)| {
        (*whose == "*" || *whose == key) && *name == flag
    };
    REFUSED.iter().find(hit).map(|(_, _, reason)| *reason)
}

/// Every flag that may not be set under `key`.
pub(crate) fn refused_flags(key: &str) -> Vec<&'static str> {
    let under = |(whose, name, _): &(&str, &'static str, &str)| {
        (*whose == "*" || *whose == key).then_some(*name)
    };
    REFUSED.iter().filter_map(under).collect()
}
