//! Power that goes during the first boot.

use std::time::Duration;

use anyhow::Context;
use vm_tests::{Lot, Stage, scenario};

/// From the kernel's first word until the disk is laid out and state is made, emulated.
const LAYING_OUT: Duration = Duration::from_secs(25);
/// From the kernel's first word until about Ready, emulated.
const FIRST_BOOT: Duration = Duration::from_secs(100);
/// The kernel's first word, and that of the firmware's stub before it.
const KERNEL: &str = "holdfast";

/// Cuts so many first boots, each at a random moment of its beginning of that length.
fn cut_first_boots(name: &str, cuts: usize, within: Duration) -> anyhow::Result<()> {
    scenario(name, |stage| {
        let mut lot = Lot::from_environment();
        stage.note(format!("HOLDFAST_SEED={}", lot.seed()));
        for number in 0..cuts {
            let moment = lot.moment(within);
            cut_at(stage, moment).with_context(|| {
                format!(
                    "cut {number}, {:.1} s into the first boot",
                    moment.as_secs_f64()
                )
            })?;
        }
        Ok(())
    })
}

fn cut_at(stage: &mut Stage, moment: Duration) -> anyhow::Result<()> {
    let vm = stage.machine(Stage::spec(), None)?;
    let mut node = stage.start(&vm)?;
    node.wait_for_text(KERNEL, 180)?;
    node.let_run(moment)?;
    let console = node.console();
    let vm = node.power_cut()?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(20)?;
    let last = console
        .lines()
        .rev()
        .find(|line| line.contains("holdfast: "))
        .unwrap_or("(nothing of init's yet)");
    stage.note(format!(
        "cut after {:.1} s, behind {last:?}; the next boot was Ready after {:.0} s",
        moment.as_secs_f64(),
        took.as_secs_f64()
    ));
    node.power_cut()?;
    Ok(())
}

#[test]
fn a_power_cut_during_first_boot() -> anyhow::Result<()> {
    cut_first_boots("a_power_cut_during_first_boot", 1, LAYING_OUT)
}

#[test]
#[ignore = "full tier"]
fn power_cuts_while_the_disk_is_laid_out() -> anyhow::Result<()> {
    cut_first_boots("power_cuts_while_the_disk_is_laid_out", 10, LAYING_OUT)
}

#[test]
#[ignore = "full tier"]
fn power_cuts_until_ready() -> anyhow::Result<()> {
    cut_first_boots("power_cuts_until_ready", 10, FIRST_BOOT)
}
