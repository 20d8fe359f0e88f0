//! From the flashed image to a Ready node without a way to the outside.

use anyhow::ensure;
use machine::{Network, Processor, Spec};
use vm_tests::{Node, Stage};

/// What the first boot, without a way to the outside, has made of the machine that others are copies of.
pub(crate) fn to_ready_offline(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    stage.note(format!(
        "Ready {:.0} s after QEMU started",
        stage.first_boot_took()?.as_secs_f64()
    ));
    let nodes = node.kubectl()?.run(&["get", "nodes", "--no-headers"])?;
    ensure!(
        nodes.lines().count() == 1 && nodes.contains(" Ready "),
        "kubectl get nodes: {nodes}"
    );
    node.wait_for_system()?;

    let sizes = node.ssh("df -B1 --output=size /state | tail -1")?;
    let state: u64 = sizes.trim().parse()?;
    ensure!(
        state > 5 << 30,
        "state was not grown to the disk: {state} bytes"
    );
    let status = node.ssh("holdfast status")?;
    ensure!(
        status.contains("is Ready"),
        "holdfast status does not say Ready: {status}"
    );
    let times = node.ssh("holdfast boot-times")?;
    ensure!(times.lines().count() > 3, "holdfast boot-times: {times}");
    check_rights(node)?;
    let (code, said) = node.try_ssh("touch /usr/forbidden")?;
    ensure!(
        code != 0 && said.contains("Read-only"),
        "the root could be written: {said}"
    );
    Ok(())
}

/// What services may do is what they were given, as the kernel says.
fn check_rights(node: &mut Node) -> anyhow::Result<()> {
    let (code, shown) = node.try_ssh("holdfast service show")?;
    ensure!(
        code == 0,
        "a service may do more than it was given: {shown}"
    );
    for name in ["udevd", "dbus", "network", "time", "control-plane"] {
        let line = shown
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name));
        ensure!(
            line.is_some_and(|line| line.contains(" as given ")),
            "{name} does not run within its limits: {shown}"
        );
    }
    Ok(())
}

pub(crate) fn first_boot_without_a_network_card(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = stage.machine(
        Spec {
            network: Network::Absent,
            // With all that x86-64-v3 asks for; the other scenarios have the one that is emulated fastest.
            processor: Processor::V3,
            ..Stage::spec()
        },
        None,
    )?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(15)?;
    stage.note(format!(
        "Ready {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    // The page of the Ready node; nobody can ask by ssh.
    let addresses = node.wait_for_text("  Addresses  ", 60)?.text;
    ensure!(
        addresses.ends_with(
            "none that others can reach: look at cable, DHCP and network in config.yaml"
        ),
        "the console says {addresses:?}"
    );
    ensure!(
        !node.console().contains("10.254.254.1"),
        "an address that nobody can reach was shown"
    );
    node.power_down()?;
    Ok(())
}
