//! A machine that was flashed with the first release, as `tests/first-release` names it, takes the newest by resource: over a minor of
//! Kubernetes, with what runs on it.

use anyhow::{Context, ensure};
use serde_json::Value;
use vm_tests::{Node, READY_WITHIN, Stage, first_release, next_release};

use crate::upgrade::{
    bring, comes_up_in_slot_b, stands, status, still_kept, text, upgrade, write_and_keep,
};

pub(crate) fn the_first_release_takes_the_newest(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let vm = stage.machine_from(&first_release()?, Stage::spec())?;
    vm.place_config(&Stage::config(&vm)?)?;
    let mut node = stage.start_with_probe(&vm)?;
    let (first, before) = (minor(&node)?, write_and_keep(&node)?);
    let state = status(&node)?;
    stage.note(format!(
        "it begins with {} and minor {first} of Kubernetes",
        text(&state, "/running/version")
    ));
    bring(&node)?;

    node.kubectl()?.apply(&upgrade(&next, "paused: false"))?;
    comes_up_in_slot_b(&mut node, &next)?;
    node.until("the Upgrade to be complete", 300, |node| {
        let stands = stands(node)?;
        ensure!(stands.starts_with("Complete 1/1"), "it stands at {stands}");
        Ok(())
    })?;
    still_kept(&node, &before)?;
    node.wait_available("default", "deployment/probe")?;
    // While it was on trial it served what the older one can read. That ends with the trial.
    let newest = node.until("the newer Kubernetes to be served", 300, |node| {
        let newest = minor(node)?;
        ensure!(newest > first, "it serves minor {newest}, as before");
        Ok(newest)
    })?;
    stage.note(format!("it serves minor {newest}"));

    // What the newest made of the older one's state lasts.
    node.reboot(READY_WITHIN)?;
    ensure!(
        text(&status(&node)?, "/running/version") == next,
        "after a reboot: {}",
        status(&node)?
    );
    still_kept(&node, &before)?;
    node.wait_available("default", "deployment/probe")?;
    node.power_down()?;
    Ok(())
}

/// The minor of Kubernetes that is served: what a newer one emulates, where it does.
fn minor(node: &Node) -> anyhow::Result<u32> {
    let said: Value = serde_json::from_str(&node.kubectl()?.run(&["get", "--raw", "/version"])?)?;
    let minor = said.get("emulationMinor").or_else(|| said.get("minor"));
    let minor = minor.and_then(Value::as_str).context("no minor")?;
    minor.parse().with_context(|| format!("{said}"))
}
