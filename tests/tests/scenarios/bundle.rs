//! All that a node without a network gets from a stick: images, manifests, a release.

use crate::upgrade::{comes_up_in_slot_b, upgrade_from};
use anyhow::ensure;
use machine::Spec;
use vm_tests::{Node, Stage, bundle, next_release, probe_manifest};

pub(crate) fn a_stick_brings_a_workload_and_a_release(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let spec = Spec {
        stick: true,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    let bundle = bundle(vm.dir(), &probe_manifest())?;
    vm.place_config(&format!(
        "{}bundles: {{signers: [\"{}\"], manifests: true}}\n",
        Stage::config(&vm)?,
        bundle.signer
    ))?;
    vm.place_stick_of(&bundle.folder)?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(15)?;
    node.wait_available("default", "deployment/probe")?;
    stage.note(format!(
        "Ready {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    says(&node, "bundle stores of ", true)?;

    pulled_out_and_in_again(&node)?;

    node.kubectl()?
        .apply(&upgrade_from("{usb: {}}", &next, ""))?;
    comes_up_in_slot_b(&mut node, &next)?;
    node.wait_available("default", "deployment/probe")?;
    let loaded =
        node.ssh("grep -c 'loaded the images of bundle' /run/log/holdfast/keeper.log || true")?;
    ensure!(
        loaded.trim() == "0",
        "the images were loaded again after the restart: {loaded}"
    );
    node.power_down()?;
    Ok(())
}

/// What the stick brought stays when it is gone; the node says what is plugged in, and what it does not take.
fn pulled_out_and_in_again(node: &Node) -> anyhow::Result<()> {
    node.pull_stick()?;
    says(node, "bundle stores of ", false)?;
    let pods = node
        .kubectl()?
        .run(&["get", "pods", "-o", "jsonpath={.items[*].status.phase}"])?;
    ensure!(pods == "Running", "the pods are {pods}");
    node.plug_stick()?;
    says(node, "bundle stores of ", true)
}

/// Waits until `holdfast status` says it, or says it no more.
fn says(node: &Node, what: &str, wanted: bool) -> anyhow::Result<()> {
    node.until(&format!("status with {what:?}: {wanted}"), 60, |node| {
        let status = node.ssh("holdfast status")?;
        ensure!(status.contains(what) == wanted, "it says {status}");
        Ok(())
    })
}
