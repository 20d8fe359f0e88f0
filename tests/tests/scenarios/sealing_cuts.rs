//! Power that goes while the state partition is encrypted for the first time.

use std::time::Duration;

use anyhow::ensure;
use machine::{Cache, Line, Recording, Spec};
use vm_tests::{Random, Stage};

use crate::recorded::{Recorded, note};
use crate::sealed_state::{SEALED, is_opened, key_is_printed_once};
use crate::stolen_disk::judge_header;

/// How many cuts; each costs a boot to Ready.
const CUTS: usize = 5;
/// How long the recorded machine runs on when the partition is there: what comes next is written, too.
const BEYOND: Duration = Duration::from_secs(5);

/// Whatever the cut left, the next boot makes the partition, once more if need be, and its own TPM opens it: nobody has to help, and
/// nothing is in clear.
pub(crate) fn power_cuts_while_state_is_sealed(stage: &mut Stage) -> anyhow::Result<()> {
    let mut random = Random::from_environment();
    sealing_boot(stage)?.cut_each(stage, CUTS, &mut random, next_boot)
}

/// Records from the restart that the first boot asks for until the partition is in use.
fn sealing_boot(stage: &mut Stage) -> anyhow::Result<Recorded> {
    let spec = Spec {
        tpm: true,
        cache: Cache::Recorded,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    vm.place_config(&(Stage::config(&vm)? + SEALED))?;
    let mut node = stage.start(&vm)?;
    node.wait_for_text("ending services", 600)?;
    let begin = vm.recorded()?;
    node.next_boot()?;
    let mut said = Vec::new();
    let note = |line: &Line| note(&vm, &mut said, line);
    node.watch_text("phase state done", 600, note)?;
    node.let_run(BEYOND, |_| ())?;
    Ok(Recorded {
        recording: Recording::of(node.power_cut()?)?,
        begin,
        said,
    })
}

/// Boots what the cut left; says how that went.
fn next_boot(stage: &mut Stage, recording: &Recording) -> anyhow::Result<String> {
    let vm = stage.machine_after(recording)?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(20)?;
    is_opened(&node)?;
    key_is_printed_once(&node)?;
    let restarts = node.console().matches("ending services").count();
    ensure!(restarts <= 1, "it restarted {restarts} times");
    judge_header(&node.power_down()?)?;
    Ok(format!(
        "the next boot was Ready after {:.0} s, encrypted",
        took.as_secs_f64()
    ))
}
