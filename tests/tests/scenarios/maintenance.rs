//! Maintenance mode: of a first configuration that cannot be used, and what mends it; and asked for.

use anyhow::ensure;
use machine::Event;
use vm_tests::{Node, Stage};

/// A key that does not exist, on line 2.
const WRONG: &str = "version: 1\nhostnam: shop\n";
/// What asks for it on the kernel's command line.
const ASK: &str = "holdfast.maintenance";

pub(crate) fn wait_for_maintenance(node: &mut Node) -> anyhow::Result<String> {
    node.wait_for_event("maintenance mode", 300, |event| match event {
        Event::Maintenance(text) => Some(text.clone()),
        _ => None,
    })
}

/// What QEMU's network gives the machine by DHCP.
const ADDRESS: &str = "Addresses  10.0.2.15";

/// The console must show what is wrong, where, and what may have been meant, and where ssh leads to the machine.
fn check_page(node: &mut Node) -> anyhow::Result<()> {
    for expected in ["config.yaml:2", "hostnam: shop", "did you mean `hostname`?"] {
        node.wait_for_text(expected, 60)?;
    }
    // The page comes again when there is an address, usually after it has come without.
    if !node.console().contains(ADDRESS) {
        node.wait_for_text(ADDRESS, 180)?;
    }
    Ok(())
}

pub(crate) fn a_wrong_first_configuration_is_said(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = stage.machine(Stage::spec(), Some(WRONG))?;
    let mut node = stage.start(&vm)?;
    check_page(&mut node)?;
    node.power_down()?;
    Ok(())
}

pub(crate) fn maintenance_mode_and_a_mended_file(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = stage.machine(Stage::spec(), Some(WRONG))?;
    let mut node = stage.start(&vm)?;
    wait_for_maintenance(&mut node)?;
    let vm = node.power_down()?;

    vm.place_config(&Stage::config(&vm)?)?;
    let mut node = stage.start(&vm)?;
    node.wait_ready(15)?;
    Ok(())
}

/// A node that has run goes there when a person asks for it, and is reached there as it is configured.
/// In maintenance mode ssh works, `holdfast status` says all of it, and no cluster is started.
pub(crate) fn lets_in_and_says(node: &Node, expected: &[&str]) -> anyhow::Result<()> {
    node.until("ssh in maintenance mode", 180, |node| node.ssh("true"))?;
    let status = node.ssh("holdfast status")?;
    for expected in [&["MAINTENANCE"], expected].concat() {
        ensure!(
            status.contains(expected),
            "holdfast status does not say {expected:?}: {status}"
        );
    }
    ensure!(
        !status.contains("control-plane"),
        "a cluster was started: {status}"
    );
    Ok(())
}

pub(crate) fn maintenance_mode_that_is_asked_for(stage: &mut Stage) -> anyhow::Result<()> {
    let node = stage.ready_node()?;
    let mut vm = node.power_down()?;
    vm.place_config(WRONG)?;
    vm.change(|spec| spec.kernel_arguments = vec![ASK.to_owned()])?;

    let mut node = stage.start(&vm)?;
    let said = wait_for_maintenance(&mut node)?;
    stage.note(said);
    // The last good configuration's keys let us in.
    lets_in_and_says(&node, &[ASK, "hostnam"])
}
