//! Kernel settings that the kubelet, the pod network and a small machine need.

/// Settings that the kubelet demands, because it is told never to change them itself, those that pods' traffic
/// needs, and those that leave memory to pods. They are set before services start.
pub const SYSCTLS: &[(&str, &str)] = &[
    ("vm.overcommit_memory", "1"),
    ("vm.panic_on_oom", "0"),
    ("vm.min_free_kbytes", MIN_FREE_KBYTES),
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

/// With huge pages, even those that are asked for alone, the kernel keeps free 45 MB and more of a 2 GiB machine
/// (`set_recommended_min_free_kbytes` in mm/khugepaged.c), and counts twice as much as not available. This is more than it keeps of such
/// a machine without them (6 MB); a Raspberry Pi 3 has its network card behind USB, whose driver takes memory in large pieces when it
/// cannot wait, so ARM64 has twice as much, as Raspberry Pi's own system has.
const MIN_FREE_KBYTES: &str = match cfg!(target_arch = "aarch64") {
    true => "16384",
    false => "8192",
};

/// Kernel modules that must be loaded before [`SYSCTLS`] are set and the engine starts.
pub const MODULES: &[&str] = &[
    "overlay",
    "br_netfilter",
    "nf_conntrack",
    "vxlan",
    "nf_tables",
];
