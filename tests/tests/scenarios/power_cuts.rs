//! Power that goes during the first boot.

use std::time::Duration;

use anyhow::{Context, ensure};
use machine::{Cache, Line, Recording, Spec, Vm};
use vm_tests::{Random, Stage};

use crate::recorded::{Recorded, note};
use crate::state::{Identity, State};

/// From the kernel's first word until the disk is laid out and state is made, emulated.
const LAYING_OUT: Duration = Duration::from_secs(25);
/// The kernel's first word, and that of the firmware's stub before it.
const KERNEL: &str = "holdfast";

/// How much of the first boot is recorded.
#[derive(Debug, Clone, Copy)]
enum Until {
    After(Duration),
    Ready,
}

/// Records a first boot.
fn first_boot(stage: &mut Stage, until: Until) -> anyhow::Result<Recorded> {
    let spec = Spec {
        cache: Cache::Recorded,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    let mut node = stage.start(&vm)?;
    node.wait_for_text(KERNEL, 180)?;
    let begin = vm.recorded()?;
    let mut said = Vec::new();
    let note = |line: &Line| note(&vm, &mut said, line);
    match until {
        Until::After(length) => node.let_run(length, note)?,
        Until::Ready => node.watch_ready(20, note).map(drop)?,
    }
    Ok(Recorded {
        recording: Recording::of(node.power_cut()?)?,
        begin,
        said,
    })
}

/// Boots a machine, whose power goes that often at some moment of its first boot, to Ready after each.
fn cut_first_boot(stage: &mut Stage, cuts: usize, until: Until) -> anyhow::Result<()> {
    let mut random = Random::from_environment();
    let mut boot = first_boot(stage, until)?;
    boot.cut_each(stage, cuts, &mut random, next_boot)
}

/// Boots what the cut left until it is Ready, and finds on its disk what was there before; says how that went.
fn next_boot(stage: &mut Stage, recording: &Recording) -> anyhow::Result<String> {
    let vm = stage.machine_after(recording)?;
    let made = identity(&vm)?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(20)?;
    let vm = node.power_cut()?;
    let kept = identity(&vm)?.context("a Ready node's state partition is not made")?;
    ensure!(
        ["machine-id", "pki/ca.crt"]
            .iter()
            .all(|name| kept.files.contains_key(*name)),
        "a Ready node's disk has only {:?}",
        kept.files.keys()
    );
    let lost = made
        .as_ref()
        .map(|made| made.lost_in(&kept))
        .unwrap_or_default();
    ensure!(
        lost.is_empty(),
        "made before the cut and otherwise after it: {lost:?}"
    );
    let state = made.as_ref().map_or_else(
        || "not made yet".to_owned(),
        |made| format!("made, with {} files of the identity", made.files.len()),
    );
    Ok(format!(
        "state was {state}; the next boot was Ready after {:.0} s",
        took.as_secs_f64()
    ))
}

/// What the node has become on its disk; none before its file system is made.
fn identity(vm: &Vm) -> anyhow::Result<Option<Identity>> {
    State::copy(vm)?.map(|state| state.identity()).transpose()
}

pub(crate) fn a_power_cut_during_first_boot(stage: &mut Stage) -> anyhow::Result<()> {
    cut_first_boot(stage, 1, Until::After(LAYING_OUT))
}

pub(crate) fn power_cuts_while_the_disk_is_laid_out(stage: &mut Stage) -> anyhow::Result<()> {
    cut_first_boot(stage, 10, Until::After(LAYING_OUT))
}

pub(crate) fn power_cuts_until_ready(stage: &mut Stage) -> anyhow::Result<()> {
    cut_first_boot(stage, 10, Until::Ready)
}
