//! Running one scenario: verdict, duration, traces.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use crate::{Record, Stage, Verdict, artefacts};

/// Runs `body` as the scenario `name`, records its verdict in `build/vm-tests/records`, and keeps the traces of its
/// machines in `build/vm-failures/<name>` when it fails.
///
/// # Errors
/// What `body` returns; a panic of `body` goes on after the traces are kept.
pub fn scenario(
    name: &str,
    body: impl FnOnce(&mut Stage) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let commit = artefacts::commit()?;
    let started = Instant::now();
    let mut stage = Stage::new(name);
    // The stage is only looked at after a panic, never used again.
    let outcome = catch_unwind(AssertUnwindSafe(|| body(&mut stage)));
    let verdict = match &outcome {
        Ok(Ok(())) => Verdict::Passed,
        Ok(Err(error)) => Verdict::Failed(format!("{error:#}")),
        Err(panic) => Verdict::Failed(said(panic.as_ref())),
    };
    let took = started.elapsed();
    match &verdict {
        Verdict::Passed => println!("scenario {name}: passed after {} s", took.as_secs()),
        Verdict::Failed(reason) => {
            println!(
                "scenario {name}: FAILED after {} s: {reason}",
                took.as_secs()
            );
            stage.keep_traces();
        }
    }
    let record = Record {
        name: name.to_owned(),
        commit,
        verdict,
        took,
        notes: stage.notes(),
    };
    record.store(&artefacts::records())?;
    drop(stage);
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_owned()
}
