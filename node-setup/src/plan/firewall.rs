//! The base table of the packet filter: what nobody outside may send through this node, who may speak to its services, and how many
//! connections a pod may have.
//!
//! kube-proxy, flannel and the port mapper keep tables of their own. A packet goes through all of them, and what one table accepts
//! another may still drop; so this one only drops.

mod pods_connections;

use super::heading::MADE;
use crate::facts::Facts;
use crate::plan::identity::hostname;
use crate::step::Step;
use init_api::paths::FIREWALL;
use ipnet::IpNet;
use os_config::{Config, Firewall};
use runtime::{FIREWALL_TABLE, Settings};
use std::fmt::Write as _;

/// What pods of this node and tunnels to other nodes come from, and the node itself.
const INSIDE: &str = r#"{ "lo", "cni0", "flannel.1" }"#;
/// The same without the node itself.
const PODS: &str = r#"{ "cni0", "flannel.1" }"#;
/// flannel's tunnel to other nodes, VXLAN.
const TUNNEL: u16 = 8472;

pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    vec![Step::file(FIREWALL, 0o600, file(config, facts))]
}

/// All of the file for `nft -f`: loading it replaces what an earlier one said, in one transaction.
pub(crate) fn file(config: &Config, facts: &Facts) -> String {
    let founded = facts.founded.as_ref();
    let settings = Settings::of(config, &hostname(config, facts), &facts.release, founded);
    let cluster = settings.cluster;
    let firewall = &config.network.firewall;
    let table = FIREWALL_TABLE.join(" ");
    // The first line makes a table where there is none, so that there is one to delete.
    let mut text = format!("{MADE}table {table} {{}}\ndelete table {table}\n");
    if !firewall.enabled {
        return text;
    }
    text.push_str(&format!("table {table} {{\n"));
    text.push_str(&pods_connections::rules(config, cluster.pods));
    text.push_str(&straight_in(&[cluster.pods, cluster.services], firewall));
    text.push_str(&through());
    text.push_str(&own_services(firewall));
    text.push_str("}\n");
    text
}

/// Before kube-proxy changes the destination, which hides whom a packet was sent to.
fn straight_in(cluster: &[IpNet], firewall: &Firewall) -> String {
    let mut text = format!(
        "  chain straight_in {{\n    \
           type filter hook prerouting priority mangle; policy accept;\n    \
           iifname {INSIDE} accept\n    \
           ct state established,related accept\n"
    );
    if let Some(from) = &firewall.pods_from {
        text.push_str(&sources("", from, "accept"));
    }
    for (family, nets) in by_family(cluster) {
        let _ = writeln!(text, "    {family} daddr {{ {nets} }} drop");
    }
    text.push_str("  }\n");
    text
}

/// Only pods' traffic, and what a Service or a host port sends elsewhere.
fn through() -> String {
    format!(
        "  chain through {{\n    \
           type filter hook forward priority filter; policy drop;\n    \
           ct state established,related accept\n    \
           iifname {PODS} accept\n    \
           oifname {PODS} accept\n    \
           ct status dnat accept\n  \
         }}\n"
    )
}

fn own_services(firewall: &Firewall) -> String {
    let mut text = format!(
        "  chain own_services {{\n    \
           type filter hook input priority filter; policy accept;\n    \
           iifname {INSIDE} accept\n    \
           ct state established,related accept\n    \
           udp dport {TUNNEL} drop\n"
    );
    for (port, from) in [
        (22, &firewall.ssh_from),
        (6443, &firewall.api_from),
        (10250, &firewall.kubelet_from),
    ] {
        if let Some(from) = from {
            let port = format!("tcp dport {port} ");
            text.push_str(&sources(&port, from, "accept"));
            let _ = writeln!(text, "    {port}drop");
        }
    }
    text.push_str("  }\n");
    text
}

/// A rule for each family that has networks among these.
fn sources(what: &str, from: &[IpNet], verdict: &str) -> String {
    let rule = |(family, nets)| format!("    {what}{family} saddr {{ {nets} }} {verdict}\n");
    by_family(from).into_iter().map(rule).collect()
}

/// Networks as nftables lists them, without those that are inside another one: it takes no overlaps.
fn by_family(nets: &[IpNet]) -> Vec<(&'static str, String)> {
    let listed = |v4: bool| {
        let own: Vec<IpNet> = nets
            .iter()
            .filter(|net| net.addr().is_ipv4() == v4)
            .copied()
            .collect();
        let shown: Vec<String> = IpNet::aggregate(&own)
            .iter()
            .map(ToString::to_string)
            .collect();
        shown.join(", ")
    };
    [("ip", listed(true)), ("ip6", listed(false))]
        .into_iter()
        .filter(|(_, nets)| !nets.is_empty())
        .collect()
}
