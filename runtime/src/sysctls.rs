//! Kernel settings that the kubelet, the pod network and a small machine need.

use crate::pods_connections::CONNECTIONS;

/// Settings that the kubelet demands, because it is told never to change them itself, and those that pods' traffic
/// needs. They are set before services start.
pub const SYSCTLS: &[(&str, &str)] = &[
    ("vm.overcommit_memory", "1"),
    ("vm.panic_on_oom", "0"),
    ("kernel.panic", "10"),
    ("kernel.panic_on_oops", "1"),
    ("kernel.keys.root_maxkeys", "1000000"),
    ("kernel.keys.root_maxbytes", "25000000"),
    ("net.ipv4.ip_forward", "1"),
    ("net.ipv6.conf.all.forwarding", "1"),
    ("net.bridge.bridge-nf-call-iptables", "1"),
    ("net.bridge.bridge-nf-call-ip6tables", "1"),
    (CONNECTIONS, "131072"),
    ("fs.inotify.max_user_instances", "8192"),
    ("fs.inotify.max_user_watches", "524288"),
];

/// Kernel modules that must be loaded before [`SYSCTLS`] are set and the engine starts.
pub const MODULES: &[&str] = &[
    "overlay",
    "br_netfilter",
    "nf_conntrack",
    "vxlan",
    "nf_tables",
    "nft_connlimit",
];
