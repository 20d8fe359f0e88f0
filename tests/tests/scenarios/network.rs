//! What a node takes from its network, and lives on with: addresses and configuration.

use std::net::Ipv4Addr;

use anyhow::ensure;
use machine::Lan;
use vm_tests::{Node, Stage, probe_archive, probe_manifest, probe_program};

use crate::config_change::kept;

/// Inside QEMU's network, and not what its DHCP gives.
const FIXED: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 77);
const BY_DHCP: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
/// Where QEMU's network card is told to be.
const NETWORK: &str = "network:
  interfaces:
    - match: {mac: \"52:54:00:12:34:56\"}
      addresses: [10.0.2.77/24]
      gateway: 10.0.2.2
";
const NEW: &str = "/run/new.yaml";
const FOR_A_MINUTE: &str = "--try 60s";

/// Until then the network's DHCP server says nothing: the hub before the machine was switched on later, or starts more slowly.
const HUB_AFTER: u64 = 420;

/// What the cluster says of the node: its address and the label `site`.
pub(crate) fn known(node: &Node) -> anyhow::Result<String> {
    let path = "jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address} {.items[0].metadata.labels.site}";
    Ok(node.kubectl()?.run(&["get", "nodes", "-o", path])?)
}

fn wait_for(node: &Node, expected: &str, seconds: u64) -> anyhow::Result<()> {
    node.until(&format!("the node as {expected:?}"), seconds, |node| {
        let known = known(node)?;
        ensure!(known == expected, "the cluster knows it as {known:?}");
        Ok(())
    })
}

/// The pod of the workload, which must not be another afterwards.
pub(crate) fn pod(node: &Node) -> anyhow::Result<String> {
    let path =
        "jsonpath={.items[*].metadata.uid} {.items[*].status.containerStatuses[*].restartCount}";
    Ok(node
        .kubectl()?
        .run(&["get", "pods", "-l", "app=probe", "-o", path])?)
}

/// A store after a power cut, where the hub takes longer than the node: that is Ready without an address, says what it waits for, and
/// takes the one that it is given in the end.
pub(crate) fn a_network_whose_dhcp_comes_late(stage: &mut Stage) -> anyhow::Result<()> {
    let silence = "table netdev hub { chain late { type filter hook ingress device enp0s4 priority 0; udp sport 67 drop; }; }";
    let hub = format!(
        "boot_commands:\n  - - bash\n    - -c\n    - \"modprobe virtio_net; until nft '{silence}'; do sleep 0.1; done; (sleep {HUB_AFTER}; nft delete table netdev hub) </dev/null >/run/hub 2>&1 &\"\n"
    );
    let vm = stage.machine(Stage::spec(), None)?;
    vm.place_config(&(Stage::config(&vm)? + &hub))?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(15)?;
    stage.note(format!(
        "Ready without an address {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    let none =
        "  Addresses  none that others can reach: look at cable, DHCP and network in config.yaml";
    node.wait_for_text(none, 60)?;
    // The console is all there is until the address comes.
    node.until("the address", HUB_AFTER + 240, |node| node.ssh("true"))?;
    node.until("the cluster to know it", 180, |node| {
        let known = known(node)?;
        ensure!(
            known.starts_with(&BY_DHCP.to_string()),
            "the cluster knows {known:?}"
        );
        Ok(())
    })?;
    node.wait_nodes(300)?;
    let said = node.ssh("cat /run/log/holdfast/keeper.log")?;
    let moved = format!("the address changed from 10.254.254.1 to {BY_DHCP}");
    ensure!(said.contains(&moved), "the keeper says {said}");
    node.until("a status without complaints of the network", 60, |node| {
        let status = node.ssh("holdfast status")?;
        ensure!(
            status.contains(&BY_DHCP.to_string()) && !status.contains("no DHCP server answers"),
            "it says {status}"
        );
        Ok(())
    })?;
    node.import(&probe_archive()?)?;
    node.kubectl()?.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;
    node.power_down()?;
    Ok(())
}

pub(crate) fn a_fixed_address_and_a_fetched_configuration(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    stage.judge(
        &mut node,
        &[
            ("config_url is fetched and wins", config_url_is_fetched),
            ("an address that changes while running", the_address_changes),
            ("another gateway, on trial", another_gateway_on_trial),
            ("DHCP again, on trial", dhcp_again_on_trial),
        ],
    )?;
    // What was fetched from lies in memory: it is gone with the reboot, and the address that is fixed is not.
    let took = node.reboot(15)?;
    stage.note(format!(
        "Ready again {:.0} s after the start",
        took.as_secs_f64()
    ));
    wait_for(&node, &format!("{FIXED} fetched"), 120)?;
    node.until("the failed fetch to be said", 300, |node| {
        let status = node.ssh("holdfast status")?;
        ensure!(status.contains("config_url"), "holdfast status: {status}");
        Ok(())
    })?;
    node.wait_available("default", "deployment/probe")
}

fn config_url_is_fetched(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    node.send_program(&probe_program()?, "/run/probe")?;
    node.write("/run/served.yaml", "version: 1\nlabels: {site: fetched}\n")?;
    node.ssh("setsid /run/probe web 8080 /run/served.yaml > /run/web 2>&1 < /dev/null &")?;
    let more = "labels: {site: from-the-file}\nconfig_url: \"http://127.0.0.1:8080/node.yaml\"\n";
    node.write(NEW, &(Stage::config(node.vm())? + more))?;
    node.ssh(&format!("holdfast config apply {NEW}"))?;
    node.until("the label from the address", 180, |node| {
        let known = known(node)?;
        ensure!(known.ends_with(" fetched"), "the cluster knows {known:?}");
        Ok(())
    })?;
    let said = node.ssh("holdfast config explain labels.site")?;
    ensure!(
        said.contains("http://127.0.0.1:8080/node.yaml"),
        "holdfast config explain: {said}"
    );
    Ok(())
}

fn the_address_changes(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    node.kubectl()?.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;
    let before = pod(node)?;
    apply_detached(node, &(kept(node)? + "\n" + NETWORK), "")?;
    let begun = std::time::Instant::now();
    node.until("the old address to be gone", 240, |node| {
        node.move_to(Lan::First, FIXED)?;
        node.ssh("true")
    })?;
    wait_for(node, &format!("{FIXED} fetched"), 180)?;
    stage.note(format!(
        "the cluster knew the new address after {} s",
        begun.elapsed().as_secs()
    ));
    let said = node.ssh("cat /run/applied")?;
    ensure!(said.contains("network"), "holdfast config apply: {said}");
    node.wait_nodes(300)?;
    // The keeper writes what it knows every ten seconds.
    node.until("the new address alone in the status", 60, |node| {
        let status = node.ssh("holdfast status")?;
        ensure!(
            status.contains(&FIXED.to_string()) && !status.contains("10.0.2.15"),
            "holdfast status: {status}"
        );
        Ok(())
    })?;
    node.wait_available("default", "deployment/probe")?;
    let after = pod(node)?;
    ensure!(before == after, "pods went on as {after}, before {before}");
    Ok(())
}

/// Applies a configuration, with `options`, over a connection that may not outlive it.
fn apply_detached(node: &Node, config: &str, options: &str) -> anyhow::Result<()> {
    node.write(NEW, config)?;
    node.ssh(&format!(
        "setsid holdfast config apply {options} {NEW} > /run/applied 2>&1 < /dev/null &"
    ))?;
    Ok(())
}

fn wait_for_gateway(node: &Node, gateway: &str) -> anyhow::Result<()> {
    node.until(&format!("a route by {gateway}"), 180, |node| {
        let routes = node.ssh("ip route show default")?;
        ensure!(
            routes.contains(&format!("via {gateway} ")),
            "the routes are {routes}"
        );
        Ok(())
    })
}

fn another_gateway_on_trial(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let before = kept(node)?;
    wait_for_gateway(node, "10.0.2.2")?;
    let other = before.replace("gateway: 10.0.2.2\n", "gateway: 10.0.2.3\n");
    apply_detached(node, &other, FOR_A_MINUTE)?;
    wait_for_gateway(node, "10.0.2.3")?;
    wait_for_gateway(node, "10.0.2.2")?;
    unchanged(node, &before)
}

fn dhcp_again_on_trial(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let before = kept(node)?;
    apply_detached(node, &before.replace(NETWORK, ""), FOR_A_MINUTE)?;
    for address in [BY_DHCP, FIXED] {
        node.until(&format!("the node at {address}"), 240, |node| {
            node.move_to(Lan::First, address)?;
            node.ssh("true")
        })?;
    }
    wait_for(node, &format!("{FIXED} fetched"), 180)?;
    unchanged(node, &before)
}

fn unchanged(node: &Node, before: &str) -> anyhow::Result<()> {
    let now = kept(node)?;
    ensure!(now == before, "a trial wrote {now:?}");
    Ok(())
}
