//! Power that goes during the first boot.

use std::time::Duration;

use anyhow::{Context, ensure};
use machine::{Cache, Loss, Spec, Vm};
use vm_tests::{Random, Stage};

use crate::state::{Identity, State};

/// From the kernel's first word until the disk is laid out and state is made, emulated.
const LAYING_OUT: Duration = Duration::from_secs(25);
/// From the kernel's first word until about Ready, emulated.
const FIRST_BOOT: Duration = Duration::from_secs(100);
/// The kernel's first word, and that of the firmware's stub before it.
const KERNEL: &str = "holdfast";

/// Cuts so many first boots, each at a random moment of its beginning of that length.
fn cut_first_boots(stage: &mut Stage, cuts: u64, within: Duration) -> anyhow::Result<()> {
    let first = Random::from_environment().seed();
    for number in 0..cuts {
        // Each has a seed of its own, so that one can be repeated alone.
        let mut random = Random::with(first.wrapping_add(number));
        let moment = random.moment(within);
        cut_at(stage, moment, &mut random).with_context(|| {
            format!(
                "HOLDFAST_SEED={}: cut {:.1} s into the first boot",
                random.seed(),
                moment.as_secs_f64()
            )
        })?;
    }
    Ok(())
}

fn cut_at(stage: &mut Stage, moment: Duration, random: &mut Random) -> anyhow::Result<()> {
    let spec = Spec {
        cache: Cache::Recorded,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    let mut node = stage.start(&vm)?;
    node.wait_for_text(KERNEL, 180)?;
    node.let_run(moment)?;
    let console = node.console();
    let (vm, loss) = node.power_loss(random)?;
    let made = identity(&vm)?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(20)?;
    let last = console
        .lines()
        .rev()
        .find(|line| line.contains("holdfast: "))
        .unwrap_or("(nothing of init's yet)");
    stage.note(format!(
        "HOLDFAST_SEED={}: cut after {:.1} s, behind {last:?}; {}; state was {}; the next boot was Ready after {:.0} s",
        random.seed(),
        moment.as_secs_f64(),
        in_words(loss),
        made.as_ref().map_or_else(
            || "not made yet".to_owned(),
            |made| format!("made, with {} files of the identity", made.files.len())
        ),
        took.as_secs_f64()
    ));
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
    Ok(())
}

fn in_words(loss: Option<Loss>) -> String {
    loss.map_or_else(
        || "the record of writes has a hole, so nothing was taken back".to_owned(),
        |Loss { kept, torn, lost }| {
            let all = kept + torn + lost;
            format!("of {all} writes that were not flushed {lost} were lost and {torn} torn")
        },
    )
}

/// What the node has become on its disk; none before its file system is made.
fn identity(vm: &Vm) -> anyhow::Result<Option<Identity>> {
    State::copy(vm)?.map(|state| state.identity()).transpose()
}

pub(crate) fn a_power_cut_during_first_boot(stage: &mut Stage) -> anyhow::Result<()> {
    cut_first_boots(stage, 1, LAYING_OUT)
}

pub(crate) fn power_cuts_while_the_disk_is_laid_out(stage: &mut Stage) -> anyhow::Result<()> {
    cut_first_boots(stage, 10, LAYING_OUT)
}

pub(crate) fn power_cuts_until_ready(stage: &mut Stage) -> anyhow::Result<()> {
    cut_first_boots(stage, 10, FIRST_BOOT)
}
