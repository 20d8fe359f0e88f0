//! What goes wrong with the machine while a release comes to it.

use anyhow::ensure;
use machine::{Cache, Recording, Spec};
use vm_tests::{Node, Random, Stage, next_release, probe_manifest};

use crate::recorded::Recorded;
use crate::upgrade::{
    bring, confirmed, stage_release, stands, status, still_kept, text, upgrade, write_and_keep,
};

/// How many cuts; each costs a boot and an upgrade.
const CUTS: usize = 5;

/// A disk that loses a staged release: it does not start, the machine is back by itself, and fetches only what was lost.
pub(crate) fn a_release_damaged_after_it_was_staged(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let mut node = stage.ready_node()?;
    node.kubectl()?.apply(&probe_manifest())?;
    let before = write_and_keep(&node)?;
    bring(&node)?;
    stage_release(&node, "")?;
    // Its superblock and the top of its tree stay: `activate` finds nothing wrong.
    node.ssh(
        "dd if=/dev/zero of=/dev/disk/by-partlabel/root-b bs=1M seek=4 count=150 conv=fsync,notrunc",
    )?;
    node.reboot_by("holdfast upgrade activate")?;
    // Its kernel panics over the first block that is not what was signed, and is tried again.
    node.wait_cured(20)?;
    let state = node.until("the reason of the way back", 120, |node| {
        let state = status(node)?;
        ensure!(
            text(&state, "/running/slot") == "a"
                && !text(&state, "/record/failed/0/why/0").is_empty(),
            "{state}"
        );
        Ok(state)
    })?;
    let why = text(&state, "/record/failed/0/why/0").to_owned();
    stage.note(format!("the damaged release: {why}"));
    still_kept(&node, &before)?;
    node.wait_available("default", "deployment/probe")?;

    let said = stage_release(&node, "--again")?;
    stage.note(said.lines().next().unwrap_or_default());
    ensure!(
        !said.contains("; 0.0 MB of its root image"),
        "what was lost was not fetched: {said:?}"
    );
    node.reboot_by("holdfast upgrade activate")?;
    node.wait_ready(15)?;
    confirmed(&node, &next)?;
    Ok(())
}

/// An upgrade by resource, of which everything that was written is known.
fn recorded_upgrade(stage: &mut Stage, next: &str) -> anyhow::Result<Recorded> {
    let spec = Spec {
        cache: Cache::Recorded,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    let mut node = stage.start(&vm)?;
    node.wait_ready(15)?;
    bring(&node)?;
    node.kubectl()?.apply(&upgrade(next, "prefetch: true"))?;
    node.ssh("sync")?;
    let begin = vm.recorded()?;
    let mut said = Vec::new();
    node.until("the upgrade to be complete", 1500, |node| {
        let stands = stands(node)?;
        if said.last().is_none_or(|(_, last)| *last != stands) {
            said.push((vm.recorded()?, stands.clone()));
        }
        ensure!(stands.starts_with("Complete 1/1"), "it stands at {stands}");
        Ok(())
    })?;
    Ok(Recorded {
        recording: Recording::of(node.power_cut()?)?,
        begin,
        said,
    })
}

/// Whenever the power goes, the next boot is Ready in one release or the other, and the upgrade completes in the end.
pub(crate) fn power_cuts_during_an_upgrade(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let mut random = Random::from_environment();
    let mut upgrade = recorded_upgrade(stage, &next)?;
    upgrade.cut_each(stage, CUTS, &mut random, |stage, recording| {
        goes_on(stage, recording, &next)
    })
}

/// Boots what the cut left, and waits until the upgrade is complete; says how that went.
fn goes_on(stage: &mut Stage, recording: &Recording, next: &str) -> anyhow::Result<String> {
    let vm = stage.machine_after(recording)?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(20)?;
    let first = text(&status(&node)?, "/running/version").to_owned();
    ensure!(
        first == next || first == env!("CARGO_PKG_VERSION"),
        "Ready in {first:?}, which is neither"
    );
    node.until("the upgrade to be complete", 1500, complete)?;
    confirmed(&node, next)?;
    node.power_cut()?;
    Ok(format!(
        "the next boot was Ready in {first} after {:.0} s, and the upgrade completed",
        took.as_secs_f64()
    ))
}

fn complete(node: &Node) -> anyhow::Result<()> {
    let stands = stands(node)?;
    ensure!(stands.starts_with("Complete 1/1"), "it stands at {stands}");
    Ok(())
}
