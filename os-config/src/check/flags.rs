//! Flags of components that a configuration may not set: with them the node could not do its work.

const IDENTITY: &str = "the node makes and rotates its own certificates and keys";
const PLACE: &str = "other parts of the node rely on where this listens and stores";
const NETWORK: &str = "set `kubernetes.pod_cidr`, `service_cidr` or `cluster_domain` instead";
const NAME: &str = "set `kubernetes.node_name` or `node_address` instead";
const OPEN: &str = "it would open the node to everyone who reaches it: the kubelet obeys the cluster's API server alone";
const LOGINS: &str =
    "a token in that file opens the cluster for good; use service accounts or client certificates";
const HEALTH: &str = "the node's own checks rely on it";
const RBAC: &str = "RBAC and Node authorization are always on";
const REACHED: &str = "other parts of the node reach it on every address, or on its own";

/// The key below `kubernetes` (`*` for all), the flag, why.
const REFUSED: &[(&str, &str, &str)] = &[
    ("*", "kubeconfig", IDENTITY),
    ("*", "tls-cert-file", IDENTITY),
    ("*", "tls-private-key-file", IDENTITY),
    ("*", "client-ca-file", IDENTITY),
    ("*", "authentication-kubeconfig", IDENTITY),
    ("*", "authorization-kubeconfig", IDENTITY),
    ("*", "requestheader-client-ca-file", IDENTITY),
    ("*", "requestheader-allowed-names", IDENTITY),
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
    ("api_server_args", "etcd-prefix", PLACE),
    ("api_server_args", "secure-port", PLACE),
    ("api_server_args", "service-cluster-ip-range", NETWORK),
    ("api_server_args", "advertise-address", NAME),
    ("api_server_args", "authorization-config", RBAC),
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
    ("api_server_args", "kubelet-certificate-authority", IDENTITY),
    ("api_server_args", "kubelet-client-certificate", IDENTITY),
    ("api_server_args", "kubelet-client-key", IDENTITY),
    ("api_server_args", "proxy-client-cert-file", IDENTITY),
    ("api_server_args", "proxy-client-key-file", IDENTITY),
    ("api_server_args", "allow-privileged", "system pods need it"),
    ("controller_manager_args", "cluster-cidr", NETWORK),
    ("controller_manager_args", "allocate-node-cidrs", NETWORK),
    ("controller_manager_args", "secure-port", HEALTH),
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
    ("kubelet_args", "bootstrap-kubeconfig", IDENTITY),
    ("kubelet_args", "hostname-override", NAME),
    (
        "kubelet_args",
        "register-node",
        "a node that is not registered never becomes Ready",
    ),
    (
        "kubelet_args",
        "enable-server",
        "logs, exec and metrics come from it",
    ),
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

/// Every address of the machine; both families where the machine has both.
const ANY: &[&str] = &["0.0.0.0", "::"];
/// Those, and the one on which the node itself asks.
const ANY_OR_OWN: &[&str] = &["0.0.0.0", "::", "127.0.0.1"];

/// A flag that may have some values only.
struct Only {
    /// The key below `kubernetes`.
    key: &'static str,
    flag: &'static str,
    values: &'static [&'static str],
    why: &'static str,
}

const fn only(
    key: &'static str,
    flag: &'static str,
    values: &'static [&'static str],
    why: &'static str,
) -> Only {
    Only {
        key,
        flag,
        values,
        why,
    }
}

/// Charts for monitoring ask for other addresses; hardening guides ask for what the node has anyway.
const ONLY: &[Only] = &[
    only("api_server_args", "bind-address", ANY, REACHED),
    only(
        "api_server_args",
        "authorization-mode",
        &["Node,RBAC"],
        RBAC,
    ),
    only(
        "controller_manager_args",
        "bind-address",
        ANY_OR_OWN,
        REACHED,
    ),
    only("kubelet_args", "address", ANY, REACHED),
    only("kubelet_args", "healthz-bind-address", ANY_OR_OWN, REACHED),
    only("kubelet_args", "anonymous-auth", &["false"], OPEN),
    only("kubelet_args", "authorization-mode", &["Webhook"], OPEN),
    only("kubelet_args", "read-only-port", &["0"], OPEN),
];

/// The first of `values` that `flag` may not have under `key`, and what to write instead.
pub(super) fn wrong_value<'a>(
    key: &str,
    flag: &str,
    values: impl IntoIterator<Item = &'a str>,
) -> Option<(&'a str, String)> {
    let only = ONLY
        .iter()
        .find(|only| only.key == key && only.flag == flag)?;
    let wrong = values
        .into_iter()
        .find(|value| !only.values.contains(value))?;
    let quoted: Vec<String> = only.values.iter().map(|it| format!("`{it}`")).collect();
    let help = format!("write {}: {}", quoted.join(" or "), only.why);
    Some((wrong, help))
}

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
