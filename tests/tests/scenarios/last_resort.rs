//! The second card of a machine, with an address of another network than the one that its cable leads to.

use std::net::Ipv4Addr;
use std::time::Instant;

use anyhow::ensure;
use machine::Lan;
use vm_tests::{Node, Stage};

use crate::two_ways_out::{
    CARD, FIRST, OTHER_CARD, SECOND, configure, enter, is_known_as, network,
};

/// What is fixed: an address of the network that the cable can be put into.
const FIXED: Ipv4Addr = Ipv4Addr::new(10, 0, 4, 77);
/// Three minutes of patience, a look every half a minute, and DHCP.
const USED_WITHIN: u64 = 480;
/// A minute of answers, and a look every half a minute.
const GIVEN_UP_WITHIN: u64 = 300;
const OFF: &str = "  last_resort: false\n";

/// The configuration of both cards, with `more` of the network.
fn fixed(more: &str) -> String {
    let card = format!("{OTHER_CARD}      addresses: [{FIXED}/24]\n      gateway: 10.0.4.2\n");
    network(CARD, &card) + more
}

/// A card that reaches nobody asks for an address by DHCP, which leads in, and says so; all else stays as it is.
pub(crate) fn it_is_used(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    enter(node, Lan::First, FIRST)?;
    configure(node, &fixed(""))?;
    let begun = Instant::now();
    is_used(node)?;
    stage.note(format!(
        "the last resort was in use after {} s",
        begun.elapsed().as_secs()
    ));
    has_condition(node, "True")?;
    enter(node, Lan::Second, SECOND)?;
    is_known_as(node, FIRST, 60)
}

/// Where the machine is without a network that anybody knows of, that is all there is.
pub(crate) fn the_console_tells(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    node.wait_for_text(&format!("be reached at {SECOND}"), 120)?;
    Ok(())
}

/// The cable is put into the network that is configured.
pub(crate) fn it_gives_way(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    node.plug_into(Lan::Other)?;
    enter(node, Lan::Other, FIXED)?;
    is_given_up(node)?;
    has_condition(node, "False")?;
    is_known_as(node, FIRST, 60)
}

/// One that is in use goes with the key, and nothing is left that would ask again.
pub(crate) fn the_key_turns_it_off(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    enter(node, Lan::First, FIRST)?;
    configure(node, &fixed(""))?;
    node.plug_into(Lan::Second)?;
    is_used(node)?;
    configure(node, &fixed(OFF))?;
    is_given_up(node)?;
    node.until("nothing to be left that asks", 60, |node| {
        let profiles = node.ssh("ls /run/NetworkManager/system-connections")?;
        let programs = node.ssh("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")?;
        ensure!(
            !profiles.contains("last-resort") && !programs.contains("node last-resort"),
            "there are {profiles}, and {programs}"
        );
        Ok(())
    })
}

/// Waits until the card has DHCP's address and people are told.
fn is_used(node: &Node) -> anyhow::Result<()> {
    node.until("the last resort to be used", USED_WITHIN, |node| {
        let status = node.ssh("holdfast status")?;
        ensure!(
            status.contains(&format!("{FIXED}/24 reaches nobody"))
                && status.contains(&format!("be reached at {SECOND}")),
            "holdfast status: {status}"
        );
        Ok(())
    })
}

/// Waits until the card has what is fixed alone, and nobody is told otherwise.
fn is_given_up(node: &Node) -> anyhow::Result<()> {
    node.until("the last resort to be given up", GIVEN_UP_WITHIN, |node| {
        let (status, has) = (node.ssh("holdfast status")?, node.ssh("ip -4 -br addr")?);
        ensure!(
            !status.contains("reaches nobody")
                && has.contains(&FIXED.to_string())
                && !has.contains(&SECOND.to_string()),
            "the addresses are {has}, and holdfast status: {status}"
        );
        Ok(())
    })
}

/// Waits for what the cluster is told of the node.
fn has_condition(node: &Node, expected: &str) -> anyhow::Result<()> {
    let path = "jsonpath={.items[0].status.conditions[?(@.type==\"LastResortNetwork\")].status}";
    node.until(&format!("LastResortNetwork={expected}"), 180, |node| {
        let told = node.kubectl()?.run(&["get", "nodes", "-o", path])?;
        ensure!(told == expected, "the cluster is told {told:?}");
        Ok(())
    })
}
