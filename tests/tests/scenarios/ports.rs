//! The table of ports in `docs/security.md`, held against what answers a neighbour, and what the kernel says listens.
//!
//! The neighbour is a network namespace of the machine, behind a link of its own: to the machine's packet filter it is as much
//! outside as anybody, and every port can be asked from it.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use vm_tests::{Node, PortTable, Stage, probe_manifest, probe_program};

use crate::attack::{Attackers, CONNECTIONS};

/// The machine's end of the link, from a network for documentation (RFC 5737).
const HERE: &str = "192.0.2.1";
const NEIGHBOUR: &str = "192.0.2.2";
/// The neighbour's end, where it runs its programs.
const WITHIN: &str = "ip netns exec neighbour";
/// Clients of DHCP and DHCPv6, which the document names beside the table.
const CLIENTS: [u16; 2] = [68, 546];
/// A part in 32 of the kernel's table.
const A_PODS_CONNECTIONS: u32 = 4096;
/// What the node and its quiet pods have.
const OTHERS: u32 = 1000;
/// Until a pod that does nothing else has begun too many, on an emulated processor.
const REFUSED_WITHIN: u64 = 120;
/// The cluster's own Service, and CoreDNS.
const API_SERVICE: &str = "10.43.0.1 443 443";

pub(crate) fn ports_are_those_of_the_table(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    node.wait_for_system()?;
    node.send_program(&probe_program()?, "/run/probe")?;
    node.ssh(&format!(
        "ip netns add neighbour && ip link add outside type veth peer name eth0 netns neighbour && \
         ip link set outside up && {WITHIN} ip addr add {NEIGHBOUR}/24 dev eth0 && {WITHIN} ip link set eth0 up && \
         {WITHIN} ip route add default via {HERE}"
    ))?;
    node.ssh(&format!("ip addr add {HERE}/24 dev outside"))?;
    node.until("the link to the neighbour", 30, |node| {
        node.ssh(&format!("{WITHIN} ping -c 1 -W 1 {HERE}"))
    })?;
    stage.judge(
        &mut node,
        &[
            ("what listens is in the table", what_listens),
            ("what answers is in the table, and all of it", what_answers),
            ("what is always closed", what_is_closed),
            ("pods and Services by their own addresses", what_is_inside),
            ("a Service's node port", a_node_port),
            ("a pod's connections", a_pods_connections),
        ],
    )
}

/// One that begins as many as it can has its share, and no more.
fn a_pods_connections(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let caller = Attackers::begin(CONNECTIONS, "ports", node)?;
    caller.wait(node)?;
    node.until("connections to be refused", REFUSED_WITHIN, |node| {
        ensure!(caller.are_done(node)?, "none is");
        Ok(())
    })?;
    caller.are_named(node)?;
    let count = node.ssh("cat /proc/sys/net/netfilter/nf_conntrack_count")?;
    let count: u32 = count.trim().parse().context("a number")?;
    caller.end(node)?;
    stage.note(format!("connections beside a pod that wants all: {count}"));
    ensure!(count < A_PODS_CONNECTIONS + OTHERS, "{count} connections");
    Ok(())
}

/// Sockets that the kernel has for others than this machine.
fn what_listens(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let table = PortTable::read()?;
    let tcp = listening(node, "tcp", "0A")?;
    let udp = listening(node, "udp", "07")?;
    stage.note(format!("listening: TCP {tcp:?}, UDP {udp:?}"));
    let strange: Vec<_> = tcp.difference(&table.tcp).collect();
    ensure!(
        strange.is_empty(),
        "TCP ports that are in no row: {strange:?}"
    );
    let known: BTreeSet<u16> = table.udp.iter().copied().chain(CLIENTS).collect();
    let strange: Vec<_> = udp.difference(&known).collect();
    ensure!(
        strange.is_empty(),
        "UDP ports that are in no row: {strange:?}"
    );
    Ok(())
}

/// Ports in this state that are not bound to the loopback, of both families; UDP sockets in state 07 have no peer.
fn listening(node: &Node, protocol: &str, state: &str) -> anyhow::Result<BTreeSet<u16>> {
    let text = node.ssh(&format!(
        "cat /proc/net/{protocol} && tail -n +2 /proc/net/{protocol}6"
    ))?;
    let mut ports = BTreeSet::new();
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, in_state, ..] = words[..] else {
            continue;
        };
        let (address, port) = local.split_once(':').context("an address and a port")?;
        if in_state == state && !is_loopback(address) {
            ports.insert(u16::from_str_radix(port, 16)?);
        }
    }
    Ok(ports)
}

/// Addresses stand there in hexadecimal words of the processor's order: 127.x.y.z, ::1, and the first mapped into IPv6.
fn is_loopback(address: &str) -> bool {
    match address.len() {
        8 => address.ends_with("7F"),
        _ => {
            address == "00000000000000000000000001000000"
                || address.starts_with("0000000000000000FFFF0000") && address.ends_with("7F")
        }
    }
}

/// Every TCP port, asked by the neighbour.
fn what_answers(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let table = PortTable::read()?;
    let open = open_ports(node, &format!("{HERE} 1 65535"))?;
    stage.note(format!("open to a neighbour: {open:?}"));
    ensure!(
        open == table.tcp,
        "a neighbour reaches {open:?}, and the table has {:?}",
        table.tcp
    );
    Ok(())
}

fn open_ports(node: &Node, range: &str) -> anyhow::Result<BTreeSet<u16>> {
    let said = node.ssh(&format!("{WITHIN} /run/probe ports {range}"));
    let said = said.with_context(|| link(node))?;
    let ports = said.lines().filter_map(|line| line.strip_prefix("open "));
    ports.map(|port| Ok(port.trim().parse()?)).collect()
}

/// How the link to the neighbour stands, for an error.
fn link(node: &Node) -> String {
    let said = node.ssh(&format!(
        "ip -s addr show outside; ip route; ip neigh; {WITHIN} ip -s addr show eth0; {WITHIN} ip neigh; cat /proc/loadavg"
    ));
    said.unwrap_or_else(|error| format!("{error:#}"))
}

/// No answer says nothing about UDP: what the kernel has loaded does.
fn what_is_closed(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let table = PortTable::read()?;
    ensure!(!table.always_closed.is_empty(), "the table has none");
    let rules = node.ssh("nft list chain inet holdfast own_services")?;
    for port in table.always_closed {
        let rule = format!("udp dport {port} drop");
        ensure!(rules.contains(&rule), "no rule {rule:?} in\n{rules}");
    }
    Ok(())
}

/// The neighbour has a route; the machine itself shows that somebody would answer.
fn what_is_inside(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let path = "jsonpath={.items[0].status.podIP}";
    let pod = [
        "get",
        "pods",
        "-n",
        "kube-system",
        "-l",
        "k8s-app=kube-dns",
        "-o",
        path,
    ];
    let dns = node.kubectl()?.run(&pod)?;
    for place in [API_SERVICE.to_owned(), format!("{dns} 53 53")] {
        let inside = node.ssh(&format!("/run/probe ports {place}"))?;
        ensure!(
            inside.contains("open"),
            "{place}, from the node: {inside:?}"
        );
        let outside = node.ssh(&format!("{WITHIN} /run/probe ports {place}"))?;
        ensure!(
            outside.contains("silent"),
            "{place}, from a neighbour: {outside:?}"
        );
    }
    Ok(())
}

/// What an operator opens answers at the node's address, and has a port of the row for it.
fn a_node_port(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let range = PortTable::read()?.node_ports.context("no row for them")?;
    node.kubectl()?.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;
    let kubectl = node.kubectl()?;
    kubectl.run(&[
        "expose",
        "deployment/probe",
        "--name=outside",
        "--type=NodePort",
        "--port=8080",
    ])?;
    let path = "jsonpath={.spec.ports[0].nodePort}";
    let port: u16 = kubectl
        .run(&["get", "service", "outside", "-o", path])?
        .parse()?;
    ensure!(range.contains(&port), "{port} is not in {range:?}");
    let path = "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}";
    let address = kubectl.run(&["get", "nodes", "-o", path])?;
    node.until("the node port to answer a neighbour", 60, |node| {
        let open = open_ports(node, &format!("{address} {port} {port}"))?;
        ensure!(open.contains(&port), "{port} is not open");
        Ok(())
    })
}
