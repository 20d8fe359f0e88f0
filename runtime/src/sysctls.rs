//! Kernel settings that the kubelet, the pod network and a small machine need.

/// Settings that the kubelet demands, because it is told never to change them itself, those that pods' traffic
/// needs, and those that leave memory to pods. They are set before services start.
pub const SYSCTLS: &[(&str, &str)] = &[
    ("vm.overcommit_memory", "1"),
    ("vm.panic_on_oom", "0"),
    // With huge pages on, the kernel keeps free 45 MB and more of a 2 GiB machine (`set_recommended_min_free_kbytes` in
    // mm/khugepaged.c), and counts twice as much as not available. This is what it keeps on a machine of 16 GiB without them.
    ("vm.min_free_kbytes", "16384"),
    ("kernel.panic", "10"),
    ("kernel.panic_on_oops", "1"),
    ("kernel.keys.root_maxkeys", "1000000"),
    ("kernel.keys.root_maxbytes", "25000000"),
    ("net.ipv4.ip_forward", "1"),
    ("net.ipv6.conf.all.forwarding", "1"),
    ("net.bridge.bridge-nf-call-iptables", "1"),
    ("net.bridge.bridge-nf-call-ip6tables", "1"),
    ("net.netfilter.nf_conntrack_max", "131072"),
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
];
