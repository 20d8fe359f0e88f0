//! What a pod may take of the kernel's table of connections. All that run on the node share it, and when it is full the node answers
//! nobody. The kernel counts a pod's connections by walking all of them at a new one, which on a small machine takes a millisecond for
//! some thousands: a larger part would be a way to keep a processor busy.
//!
//! The rules are in a chain of NAT, which sees the first packet of each connection alone: elsewhere every packet that has no answer
//! yet counts as a connection of its own. They come before kube-proxy's chains, while a packet has the addresses that its pod gave it.

use ipnet::IpNet;
use os_config::Config;
use runtime::{CONNECTIONS, PODS_PART, PODS_REFUSED, SYSCTLS};
use std::fmt::Write as _;

/// New connections of a pod in a second. Without a bound, those that are refused come faster than the kernel forgets them again
/// (`nf_conncount` lets go at least nine in a tick, which is 4 ms), and take memory without end; and those that have ended stay in the
/// table for two minutes.
const IN_A_SECOND: u32 = 1000;
/// Addresses that are counted at most; a node has not as many pods.
const POD_ADDRESSES: u32 = 65_536;

/// The sets and the chain, for pods with addresses out of `pods`.
pub(super) fn rules(config: &Config, pods: IpNet) -> String {
    let most = most(config);
    let (family, set, other) = match pods {
        IpNet::V4(_) => ("ip", "ipv4_addr", "ipv6"),
        IpNet::V6(_) => ("ip6", "ipv6_addr", "ipv4"),
    };
    let refuse = format!("update @{PODS_REFUSED} {{ {family} saddr }} drop");
    let beginning = format!("limit rate over {IN_A_SECOND}/second burst {IN_A_SECOND} packets");
    let mut text = String::new();
    for (name, more) in [
        ("pods_beginning", "flags dynamic,timeout; timeout 1m;"),
        ("pods_connections", "flags dynamic;"),
        // For the keeper, which names the pod.
        (PODS_REFUSED, "flags dynamic,timeout; timeout 2m;"),
    ] {
        let _ = writeln!(
            text,
            "  set {name} {{ type {set}; size {POD_ADDRESSES}; {more} }}"
        );
    }
    // A source to which no route leads through the bridge is forged: each would have a count of its own. In the other family pods have
    // addresses of the link alone, as many as they like, and one count for all.
    let _ = writeln!(
        text,
        "  chain pods_connections {{\n    \
           type nat hook prerouting priority dstnat - 10; policy accept;\n    \
           iifname != \"cni0\" accept\n    \
           meta nfproto {other} {beginning} drop\n    \
           meta nfproto {other} ct count over {most} drop\n    \
           meta nfproto {other} accept\n    \
           fib saddr . iif oif missing drop\n    \
           add @pods_beginning {{ {family} saddr {beginning} }} {refuse}\n    \
           add @pods_connections {{ {family} saddr ct count over {most} }} {refuse}\n  \
         }}"
    );
    text
}

/// Connections that a pod may have at a time, by the table's size as it is configured.
fn most(config: &Config) -> u32 {
    let size = |text: &str| text.trim().parse::<u32>().ok().filter(|size| *size > 0);
    let own = config.sysctls.iter();
    let own = own.filter(|(key, _)| key.as_str().replace('/', ".") == CONNECTIONS);
    let own = own
        .filter_map(|(_, value)| size(value.as_str()))
        .next_back();
    let ours = SYSCTLS.iter().find(|(key, _)| *key == CONNECTIONS);
    let ours = ours.and_then(|(_, value)| size(value));
    (own.or(ours).unwrap_or(u32::MAX) / PODS_PART).max(1)
}

#[cfg(test)]
mod tests {
    use super::most;
    use os_config::parse_config;

    #[test]
    fn a_pod_has_its_part_of_the_table_that_is_configured() {
        for (sysctls, expected) in [
            ("{}", 4096),
            ("{net.netfilter.nf_conntrack_max: 640}", 20),
            ("{net/netfilter/nf_conntrack_max: \"262144\"}", 8192),
            ("{net.netfilter.nf_conntrack_max: 5}", 1),
            ("{net.netfilter.nf_conntrack_max: 0}", 4096),
            ("{net.netfilter.nf_conntrack_buckets: 7}", 4096),
        ] {
            let text = format!("version: 1\nsysctls: {sysctls}\n");
            let config = parse_config("config.yaml", text.as_bytes()).expect("a configuration");
            assert_eq!(most(&config), expected, "{sysctls}");
        }
    }
}
