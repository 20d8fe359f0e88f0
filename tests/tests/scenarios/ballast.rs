//! What images from a stick cost at each start of a node.

use crate::bundle::beside_its_stick;
use anyhow::ensure;
use machine::{Event, Spec};
use vm_tests::{Node, Stage, ballast, bundle_with, median, probe_manifest};

const IMAGES: usize = 8;
/// All of them together would cost ten minutes more, were they read again: an emulated machine loads less than a megabyte a second.
/// For the same reason it is not the 2 GB that a store may have.
const IMAGE_BYTES: u64 = 32 << 20;
/// Starts of each kind; of an odd number one is in the middle.
const STARTS: usize = 3;
/// A start with them may take so much longer, percent; the rest is the noise of a shared host.
const MOST_PERCENT: f64 = 125.0;

pub(crate) fn images_of_a_stick_cost_no_start(stage: &mut Stage) -> anyhow::Result<()> {
    let spec = Spec {
        stick: true,
        disk_gib: 16,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    let archives: Vec<_> = (1..=IMAGES)
        .map(|number| ballast(vm.dir(), number, IMAGE_BYTES))
        .collect::<Result<_, _>>()?;
    let bundle = bundle_with(vm.dir(), &probe_manifest(), None, &archives)?;
    for archive in &archives {
        std::fs::remove_file(archive)?;
    }
    let mut node = beside_its_stick(stage, &vm, &bundle)?;
    std::fs::remove_dir_all(&bundle.path)?;
    node.wait_for_system()?;
    let without = starts(&mut node)?;

    node.plug_stick()?;
    node.until("the images of the stick", 1800, |node| {
        let said = node.ssh("cat /run/log/holdfast/keeper.log")?;
        ensure!(
            said.contains("loaded the images of bundle stores"),
            "not yet"
        );
        Ok(())
    })?;
    let there = node.ssh("ctr -n k8s.io images ls -q | grep -c /ballast-")?;
    ensure!(
        there.trim() == IMAGES.to_string(),
        "the node has {there} of them"
    );
    let with = starts(&mut node)?;
    let percent = with / without * 100.0;
    stage.note(format!(
        "kernel start to Ready: {without:.0} s without, {with:.0} s with {} MB of images on the stick and in the store: {percent:.0} %",
        (IMAGES as u64 * IMAGE_BYTES) >> 20
    ));
    ensure!(percent <= MOST_PERCENT, "{percent:.0} % of a start without");
    node.power_down()?;
    Ok(())
}

/// Seconds from the kernel's start to Ready, the middle of several restarts.
fn starts(node: &mut Node) -> anyhow::Result<f64> {
    let mut all = Vec::new();
    for _ in 0..STARTS {
        node.reboot_by("holdfast reboot")?;
        all.push(
            node.wait_for_event("the node to be Ready", 900, |event| match event {
                Event::Ready { at } => *at,
                _ => None,
            })?,
        );
    }
    Ok(median(all.into_iter()))
}
