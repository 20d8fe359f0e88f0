//! Releases on an emulated Raspberry Pi 4, from the resource to U-Boot's choice: one that panics goes back, a good one stays.
//!
//! The emulated machine has no network: what is asked for comes with the card, put there while the machine is off, and what came of
//! it is read from the console and the card.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use machine::Vm;
use serde_json::Value;
use vm_tests::{Fault, Node, Stage, broken_releases, next_release, releases_for_arm64};

use crate::arm64::{PI, PI_READY_WITHIN, pi};
use crate::state::State;
use crate::upgrade::{REPOSITORY, upgrade};

/// A release whose kernel panics.
const PANICS: &str = "0.1.2";
/// Four processors share one thread of the host: a boot to Ready takes minutes.
const HEALTH: &str = "health: {deadline: 50m}";
const WITHIN_S: u64 = PI_READY_WITHIN * 60;

/// A release whose kernel panics.
pub(crate) fn a_pi_goes_back(stage: &mut Stage) -> anyhow::Result<()> {
    let broken = broken_releases("arm64", &[(PANICS, Fault::NoInit)])?;
    let vm = asked(stage, &broken.with_file_name("releases"), PANICS)?;
    goes_back(stage.start(&vm)?)?;
    let why = fate(&vm, "/failed/0")?;
    ensure!(
        why["version"] == PANICS && why["why"][0].is_string(),
        "of the release that panics the card says {why}"
    );
    stage.note(format!("the release that panics: {}", why["why"]));
    Ok(())
}

/// A good one: it is confirmed, and from then on the one that starts. The power goes when its boot files are, before its records are.
pub(crate) fn a_pi_upgrades(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let vm = asked(stage, &releases_for_arm64()?, &next)?;
    let mut node = stage.start(&vm)?;
    let begun = Instant::now();
    node.wait_for_text(
        &format!("release {next} is on trial: boot 1 of 3"),
        2 * WITHIN_S,
    )?;
    stage.note(format!(
        "on trial {} s after the start that asks for it",
        begun.elapsed().as_secs()
    ));
    node.wait_for_text("this boot is confirmed: its slot stays", WITHIN_S)?;
    node.power_cut()?;

    let mut node = stage.start(&vm)?;
    node.wait_for_text(&format!("holdfast: starting holdfast_{next}"), 600)?;
    node.wait_cured(PI_READY_WITHIN)?;
    node.power_cut()?;
    let events = fate(&vm, "/events")?;
    let last = events.as_array().and_then(|all| all.last());
    let last = last.context("nothing happened")?;
    ensure!(
        last["version"] == *next && last["what"] == "committed",
        "the last that the card says is {last}"
    );
    Ok(())
}

/// A Pi that was Ready once, switched off; on its card are a repository and the wish for a release.
fn asked(stage: &mut Stage, repository: &Path, version: &str) -> anyhow::Result<Vm> {
    let vm = stage.machine_of(PI, pi(), None)?;
    let mut node = stage.start(&vm)?;
    // Its first boot is not what is tried: a busy host may make a service give up once.
    node.wait_cured(PI_READY_WITHIN)?;
    node.power_cut()?;
    bring(&vm, repository, REPOSITORY)?;
    ask(&vm, version)?;
    Ok(vm)
}

/// Its kernel panics as often as it is tried, and the release before it is Ready again.
fn goes_back(mut node: Node) -> anyhow::Result<()> {
    let start = format!("holdfast: starting holdfast_{PANICS}");
    node.wait_for_text(&start, 2 * WITHIN_S)?;
    for _ in 0..2 {
        node.wait_for_text("Kernel panic", 600)?;
        node.wait_for_text(&start, 600)?;
    }
    node.wait_for_text("Kernel panic", 600)?;
    let good = format!("holdfast: starting holdfast_{}", env!("CARGO_PKG_VERSION"));
    node.wait_for_text(&good, 600)?;
    node.wait_cured(PI_READY_WITHIN)?;
    node.power_cut()?;
    Ok(())
}

/// Puts a folder onto the card of a machine that is off.
fn bring(vm: &Vm, folder: &Path, to: &str) -> anyhow::Result<()> {
    let state = state(vm)?;
    state.bring(folder, to)?;
    let errors = state.errors()?;
    ensure!(errors.is_none(), "{errors:?}");
    state.put_back()
}

/// Writes the resource into the configuration on the card, as one edits it in a reader.
fn ask(vm: &Vm, version: &str) -> anyhow::Result<()> {
    let resource = upgrade(version, HEALTH);
    let lines: String = resource
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    let config = Stage::config(vm)?;
    let manifests = format!("manifests:\n  - name: upgrade.yaml\n    content: |\n{lines}");
    Ok(vm.place_config(&format!("{config}{manifests}"))?)
}

/// What the card of a machine that is off says of releases, by a pointer into the record.
fn fate(vm: &Vm, pointer: &str) -> anyhow::Result<Value> {
    let folder = state(vm)?.folder("/var/lib/holdfast/upgrade")?;
    let file = folder.join("record.json");
    let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let record: Value = serde_json::from_slice(&text)?;
    let part = record.pointer(pointer).cloned();
    part.with_context(|| format!("no {pointer} in {record}"))
}

fn state(vm: &Vm) -> anyhow::Result<State> {
    let state = State::copy(vm)?.context("the card has no state partition")?;
    state.play_journal()?;
    Ok(state)
}
