//! A machine with two network cards, each with a way out: which one it takes, and what it does when a cable is out, in the wrong
//! network, or in one with small packets.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::ensure;
use machine::{Lan, Spec};
use vm_tests::{Node, READY_WITHIN, Stage};

use crate::last_resort::{it_gives_way, it_is_used, the_console_tells, the_key_turns_it_off};
use crate::network::{known, pod};
use crate::packets::{SMALL, USUAL, from_outside, packets_are_small, tunnel_leaves};

/// What DHCP gives the two cards, and their gateways.
pub(crate) const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
pub(crate) const SECOND: Ipv4Addr = Ipv4Addr::new(10, 0, 3, 15);
const FIRST_GATEWAY: &str = "10.0.2.2";
const SECOND_GATEWAY: &str = "10.0.3.2";
/// Of no network here: the gateway is on the link.
const SINGLE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
/// The first card of the machine, and what the network behind it lets through.
pub(crate) const CARD: &str = "    - match: {mac: \"52:54:00:12:34:56\"}\n      mtu: 1400\n";
pub(crate) const OTHER_CARD: &str = "    - match: {mac: \"52:54:00:12:34:57\"}\n";
/// The change of the configuration, what was said of it, and its exit code.
const NEW: &str = "/run/new.yaml";
const SAID: &str = "/run/said";
const ENDED: &str = "/run/ended";
/// The default routes of each second.
const SEEN: &str = "/run/routes";
/// How long the cable is out that is put back at once.
const PUT_BACK: Duration = Duration::from_secs(40);
/// Until the node has moved to another address, on an emulated machine: a minute of patience, and Kubernetes starts anew.
const MOVED_WITHIN: u64 = 420;

pub(crate) fn a_node_with_two_ways_out(stage: &mut Stage) -> anyhow::Result<()> {
    let spec = Spec {
        second_card: true,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    vm.place_config(&(Stage::config(&vm)? + &network(CARD, OTHER_CARD)))?;
    let mut node = stage.start_with_probe(&vm)?;
    stage.judge(
        &mut node,
        &[
            ("the order of the file", the_order_of_the_file),
            ("packets of 1400 bytes", packets_are_small),
            ("a cable out for 40 s", a_cable_is_out_for_a_moment),
            ("a cable out for minutes", a_cable_is_out_for_long),
            ("a last resort is used", it_is_used),
            ("the console tells of a last resort", the_console_tells),
            ("a last resort gives way", it_gives_way),
            ("the key turns a last resort off", the_key_turns_it_off),
            ("a single address", a_single_address),
        ],
    )?;
    let took = node.reboot(READY_WITHIN)?;
    stage.note(format!("Ready again after {} s", took.as_secs()));
    takes(&node, FIRST_GATEWAY, SECOND_GATEWAY)?;
    is_known_as(&node, SINGLE, MOVED_WITHIN)?;
    tunnel_leaves(&node, SMALL)?;
    node.wait_available("default", "deployment/probe")
}

/// What is configured of the network, the cards in this order.
pub(crate) fn network(first: &str, second: &str) -> String {
    format!("network:\n  interfaces:\n{first}{second}")
}

/// Applies this network to the node in place of the one that it has, over a connection that may not outlive it.
pub(crate) fn configure(node: &Node, network: &str) -> anyhow::Result<()> {
    node.write(NEW, &(Stage::config(node.vm())? + network))?;
    node.ssh(&format!(
        "rm -f {ENDED}; setsid sh -c 'holdfast config apply {NEW} > {SAID} 2>&1; echo $? > {ENDED}' > /dev/null 2>&1 < /dev/null &"
    ))?;
    node.until("the change to be applied", 300, |node| {
        let ended = node.ssh(&format!("cat {ENDED}"))?;
        let said = node.ssh(&format!("cat {SAID}"))?;
        ensure!(
            ended.trim() == "0",
            "holdfast config apply: exit code {ended}: {said}"
        );
        Ok(())
    })
}

/// Waits until of the two default routes that by `first` is preferred to that by `second`.
fn takes(node: &Node, first: &str, second: &str) -> anyhow::Result<()> {
    node.until(&format!("{first} before {second}"), 240, |node| {
        let routes = node.ssh("ip -4 route show default")?;
        let metrics = [metric(&routes, first), metric(&routes, second)];
        ensure!(
            matches!(metrics, [Some(first), Some(second)] if first < second),
            "the routes are {routes}"
        );
        Ok(())
    })
}

/// The metric of the default route by that gateway.
fn metric(routes: &str, gateway: &str) -> Option<u32> {
    let by = format!("default via {gateway} ");
    let route = routes.lines().find(|route| route.starts_with(&by))?;
    let (_, metric) = route.split_once(" metric ")?;
    metric.split_whitespace().next()?.parse().ok()
}

pub(crate) fn is_known_as(node: &Node, address: Ipv4Addr, seconds: u64) -> anyhow::Result<()> {
    node.until(&format!("the node at {address}"), seconds, |node| {
        let known = known(node)?;
        ensure!(
            known.trim() == address.to_string(),
            "the cluster knows it as {known:?}"
        );
        Ok(())
    })
}

/// Waits until the machine lets us in at this address.
pub(crate) fn enter(node: &Node, lan: Lan, address: Ipv4Addr) -> anyhow::Result<()> {
    node.move_to(lan, address)?;
    node.until(&format!("a way in at {address}"), 240, |node| {
        node.ssh("true")
    })?;
    Ok(())
}

/// How often the node moved to another address since it was switched on.
fn moves(node: &Node) -> anyhow::Result<usize> {
    let said = node.ssh("cat /run/log/holdfast/keeper.log")?;
    Ok(said.matches("the address changed from ").count())
}

/// Both cards have an address and a gateway by DHCP; the other order takes effect at once, and moves the way out alone.
fn the_order_of_the_file(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    takes(node, FIRST_GATEWAY, SECOND_GATEWAY)?;
    is_known_as(node, FIRST, 60)?;
    let before = moves(node)?;
    configure(node, &network(OTHER_CARD, CARD))?;
    takes(node, SECOND_GATEWAY, FIRST_GATEWAY)?;
    configure(node, &network(CARD, OTHER_CARD))?;
    takes(node, FIRST_GATEWAY, SECOND_GATEWAY)?;
    let after = moves(node)?;
    ensure!(before == after, "it moved {} times", after - before);
    is_known_as(node, FIRST, 60)
}

/// What leaves the machine goes by the other card meanwhile, and nothing else happens.
fn a_cable_is_out_for_a_moment(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    enter(node, Lan::Second, SECOND)?;
    let (before, moved) = (pod(node)?, moves(node)?);
    // An ssh takes seconds, and the kernel tells of no route that goes with its link: the node itself writes down what it sees.
    node.ssh(&format!(
        "setsid timeout 600 sh -c 'while ip -4 route show default && echo; do sleep 1; done' > {SEEN} 2>&1 < /dev/null &"
    ))?;
    node.unplug(Lan::First)?;
    let outcome = node.let_run(PUT_BACK, |_| ());
    node.plug_into(Lan::First)?;
    outcome?;
    takes(node, FIRST_GATEWAY, SECOND_GATEWAY)?;
    let seen = node.ssh(&format!("cat {SEEN}"))?;
    let mut moments = seen.split("\n\n");
    ensure!(
        moments.any(|routes| metric(routes, FIRST_GATEWAY).is_none()
            && metric(routes, SECOND_GATEWAY).is_some()),
        "the second was never the only way out: {seen}"
    );
    enter(node, Lan::First, FIRST)?;
    is_known_as(node, FIRST, 60)?;
    let times = moves(node)? - moved;
    ensure!(times == 0, "it moved {times} times");
    let after = pod(node)?;
    ensure!(before == after, "pods went on as {after}, before {before}");
    Ok(())
}

/// The node moves to the other address, and back when the first way out is there again; pods go on.
fn a_cable_is_out_for_long(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    enter(node, Lan::Second, SECOND)?;
    let before = pod(node)?;
    node.unplug(Lan::First)?;
    let moved = is_known_as(node, SECOND, MOVED_WITHIN)
        .and_then(|()| node.wait_nodes(300))
        .and_then(|()| tunnel_leaves(node, USUAL));
    node.plug_into(Lan::First)?;
    moved?;
    takes(node, FIRST_GATEWAY, SECOND_GATEWAY)?;
    is_known_as(node, FIRST, MOVED_WITHIN)?;
    node.wait_nodes(300)?;
    tunnel_leaves(node, SMALL)?;
    enter(node, Lan::First, FIRST)?;
    node.wait_available("default", "deployment/probe")?;
    let after = pod(node)?;
    stage.note(format!("pods before and after: {before} and {after}"));
    ensure!(before == after, "pods went on as {after}, before {before}");
    Ok(())
}

/// An address that no neighbour is beside, with a gateway that lies in none of its networks.
fn a_single_address(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    enter(node, Lan::First, FIRST)?;
    configure(node, &network(CARD, OTHER_CARD))?;
    node.plug_into(Lan::Second)?;
    enter(node, Lan::Second, SECOND)?;
    let single = format!("{CARD}      addresses: [{SINGLE}/32]\n      gateway: {FIRST_GATEWAY}\n");
    configure(node, &network(&single, OTHER_CARD))?;
    enter(node, Lan::First, SINGLE)?;
    takes(node, FIRST_GATEWAY, SECOND_GATEWAY)?;
    let route = node.ssh(&format!("ip -4 route show {FIRST_GATEWAY}/32"))?;
    ensure!(
        route.contains("scope link"),
        "the way to the gateway is {route:?}"
    );
    is_known_as(node, SINGLE, MOVED_WITHIN)?;
    node.wait_nodes(300)?;
    from_outside(node, SINGLE)?;
    tunnel_leaves(node, SMALL)
}
