//! What the packet filter (`node-setup/src/plan/firewall/`) and the keeper both know about the connections of pods.

/// The kernel's setting with the size of the table of connections, which all that run on a node share.
pub const CONNECTIONS: &str = "net.netfilter.nf_conntrack_max";
/// A pod may have one part in so many of that table.
pub const PODS_PART: u32 = 32;
/// The packet filter's table.
pub const FIREWALL_TABLE: [&str; 2] = ["inet", "holdfast"];
/// The set with the addresses of pods whose new connections were dropped in the last two minutes.
pub const PODS_REFUSED: &str = "pods_refused";
