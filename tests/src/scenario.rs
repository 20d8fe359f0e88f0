//! Scenarios: choosing them, running them side by side, their verdicts and traces.

use std::ffi::OsString;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::{Record, Stage, Verdict, artefacts};

/// Machines side by side unless `--test-threads` says otherwise: one processor each, but no more than their memory allows.
const SIDE_BY_SIDE: usize = 4;

/// When a scenario is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// By `make test`.
    Core,
    /// By `make test-all` alone: ignored unless `--include-ignored` asks for it.
    Full,
}

/// What happens to some machines, and how it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name, which no other has.
    pub name: &'static str,
    /// When it is run.
    pub tier: Tier,
    /// Acts and judges; an error is a failure.
    pub body: fn(&mut Stage) -> anyhow::Result<()>,
}

impl Scenario {
    /// A scenario that `make test` runs.
    #[must_use]
    pub const fn core(name: &'static str, body: fn(&mut Stage) -> anyhow::Result<()>) -> Self {
        Self {
            name,
            tier: Tier::Core,
            body,
        }
    }

    /// A scenario that only `make test-all` runs.
    #[must_use]
    pub const fn full(name: &'static str, body: fn(&mut Stage) -> anyhow::Result<()>) -> Self {
        Self {
            name,
            tier: Tier::Full,
            body,
        }
    }

    fn trial(self) -> Trial {
        Trial::test(self.name, move || {
            self.run()
                .map_err(|error| Failed::from(format!("{error:#}")))
        })
        .with_ignored_flag(self.tier == Tier::Full)
    }

    /// Runs it, records its verdict in `build/vm-tests/records`, and keeps the traces of its machines in
    /// `build/vm-failures/<name>` when it fails.
    fn run(self) -> anyhow::Result<()> {
        let name = self.name;
        let commit = artefacts::commit()?;
        let started = Instant::now();
        println!("scenario {name}: begins");
        let mut stage = Stage::new(name);
        // The stage is only looked at after a panic, never used again.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.body)(&mut stage)));
        let outcome = outcome.unwrap_or_else(|panic| Err(anyhow::anyhow!(said(panic.as_ref()))));
        let took = started.elapsed();
        let verdict = match &outcome {
            Ok(()) => Verdict::Passed,
            Err(error) => Verdict::Failed(format!("{error:#}")),
        };
        match &verdict {
            Verdict::Passed => println!("scenario {name}: passed after {} s", took.as_secs()),
            Verdict::Failed(reason) | Verdict::NotRun(reason) => {
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
        outcome
    }
}

/// Runs those of `all` that the command line names: words are parts of names, options are those of `cargo test`, written
/// `--option=value`. They begin in the order of `all`, as many side by side as there are processors.
pub fn run_scenarios(all: &[Scenario]) -> ExitCode {
    let (chosen, mut arguments) = match choose(all, std::env::args_os()) {
        Ok(chosen) => chosen,
        Err(word) => {
            eprintln!("scenarios: none has {word:?} in its name; --list shows them");
            return ExitCode::from(2);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    arguments
        .test_threads
        .get_or_insert(cores.min(SIDE_BY_SIDE));
    let trials = chosen.into_iter().map(Scenario::trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The scenarios that are named, all when none is, and the options; a word that names none is the error.
fn choose(
    all: &[Scenario],
    line: impl Iterator<Item = OsString>,
) -> Result<(Vec<Scenario>, Arguments), String> {
    let line: Vec<OsString> = line.collect();
    let (options, words): (Vec<_>, Vec<_>) = line
        .into_iter()
        .enumerate()
        .partition(|(at, word)| *at == 0 || word.to_string_lossy().starts_with('-'));
    let words: Vec<String> = words
        .into_iter()
        .map(|(_, word)| word.to_string_lossy().into_owned())
        .collect();
    let names = |word: &String| all.iter().any(|one| one.name.contains(word.as_str()));
    if let Some(word) = words.iter().find(|word| !names(word)) {
        return Err(word.clone());
    }
    let wanted = |one: &&Scenario| {
        words.is_empty() || words.iter().any(|word| one.name.contains(word.as_str()))
    };
    let chosen = all.iter().filter(wanted).copied().collect();
    Ok((
        chosen,
        Arguments::from_iter(options.into_iter().map(|(_, word)| word)),
    ))
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Scenario; 3] = [
        Scenario::core("reboot_keeps", |_| Ok(())),
        Scenario::full("clock_at_1970", |_| Ok(())),
        Scenario::core("clock_jumps", |_| Ok(())),
    ];

    fn chosen(words: &[&str]) -> Result<Vec<&'static str>, String> {
        let line = ["scenarios"].iter().chain(words).map(OsString::from);
        let (chosen, _) = choose(&ALL, line)?;
        Ok(chosen.iter().map(|one| one.name).collect())
    }

    #[test]
    fn words_choose_and_the_order_stays() {
        for (words, expected) in [
            (
                &[][..],
                Ok(vec!["reboot_keeps", "clock_at_1970", "clock_jumps"]),
            ),
            (
                &["clock", "--nocapture"],
                Ok(vec!["clock_at_1970", "clock_jumps"]),
            ),
            (
                &["jumps", "--test-threads=1", "reboot"],
                Ok(vec!["reboot_keeps", "clock_jumps"]),
            ),
            (&["clock", "nonsense"], Err("nonsense".to_owned())),
        ] {
            assert_eq!(chosen(words), expected, "{words:?}");
        }
    }

    #[test]
    fn options_are_kept_and_the_full_tier_is_ignored() {
        let line = ["scenarios", "--include-ignored", "--test-threads=3"].map(OsString::from);
        let (chosen, arguments) = choose(&ALL, line.into_iter()).unwrap();
        assert!(arguments.include_ignored);
        assert_eq!(arguments.test_threads, Some(3));
        let ignored: Vec<bool> = chosen
            .into_iter()
            .map(|one| one.trial().has_ignored_flag())
            .collect();
        assert_eq!(ignored, [false, true, false]);
    }
}
