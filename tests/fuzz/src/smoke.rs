//! The runner for a stable compiler.

use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Target;
use crate::mutate::Mutator;

/// How long a target is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// At most so many mutated inputs.
    pub inputs: u64,
    /// At most so long.
    pub time: Duration,
    /// A single input that takes longer is a failure.
    pub slowest: Duration,
}

impl Budget {
    /// A few seconds, or as many as `seconds` (the value of `HOLDFAST_FUZZ_SECONDS`) says.
    ///
    /// # Errors
    /// When the text is no number.
    pub fn from_seconds(seconds: Option<&str>) -> Result<Self, String> {
        let slowest = Duration::from_secs(20);
        match seconds {
            None => Ok(Self {
                inputs: 20_000,
                time: Duration::from_secs(3),
                slowest,
            }),
            Some(text) => {
                let seconds = text
                    .parse()
                    .map_err(|_| format!("HOLDFAST_FUZZ_SECONDS is `{text}`, not a number"))?;
                Ok(Self {
                    inputs: u64::MAX,
                    time: Duration::from_secs(seconds),
                    slowest,
                })
            }
        }
    }
}

/// An input that a target did not bear; it is kept with the regressions.
#[derive(Debug)]
pub struct Failure {
    /// What happened.
    pub what: String,
    /// Where the input is.
    pub kept: PathBuf,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; the input is kept in {}",
            self.what,
            self.kept.display()
        )
    }
}

/// Runs one target; gives the number of inputs.
///
/// # Errors
/// The first input that panics or takes too long, or why the inputs cannot be read.
pub fn smoke(target: &'static Target, budget: Budget) -> Result<u64, String> {
    let pool = target
        .inputs()
        .map_err(|error| format!("cannot read the inputs of {}: {error}", target.name))?;
    let (inputs, incoming) = channel::<Vec<u8>>();
    let (done, results) = channel::<Result<(), String>>();
    thread::spawn(move || {
        for input in incoming {
            if done.send(run(target, &input)).is_err() {
                break;
            }
        }
    });
    let start = Instant::now();
    let mut mutator = Mutator::new(target.name, target.words);
    let mut count = 0;
    loop {
        let seed = usize::try_from(count)
            .ok()
            .and_then(|count| pool.get(count));
        if seed.is_none() && (start.elapsed() > budget.time || count >= budget.inputs) {
            return Ok(count);
        }
        let input = seed.cloned().unwrap_or_else(|| mutator.next(&pool));
        // The worker lives until `inputs` is dropped at the end of this function.
        inputs
            .send(input.clone())
            .map_err(|_| "the worker ended".to_owned())?;
        wait(&results, budget.slowest).map_err(|what| keep(target, &input, what).to_string())?;
        count += 1;
    }
}

fn wait(results: &Receiver<Result<(), String>>, slowest: Duration) -> Result<(), String> {
    match results.recv_timeout(slowest) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => {
            Err(format!("an input took longer than {} s", slowest.as_secs()))
        }
        Err(RecvTimeoutError::Disconnected) => Err("the worker died".to_owned()),
    }
}

fn run(target: &Target, input: &[u8]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        format!("panicked: {text}")
    })
}

/// Writes the input where it is run first from now on.
fn keep(target: &Target, input: &[u8], what: String) -> Failure {
    let name = input.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let kept = target.regressions().join(format!("{name:016x}"));
    let written = fs::create_dir_all(target.regressions()).and_then(|()| fs::write(&kept, input));
    let what = match written {
        Ok(()) => what,
        Err(error) => format!("{what}; the input could not be kept ({error}): {input:02x?}"),
    };
    Failure { what, kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANGS: Target = Target {
        name: "self-test-hang",
        run: |_| thread::sleep(Duration::from_secs(3600)),
        folders: &[],
        made_seeds: || vec![b"x".to_vec()],
        words: &[],
    };
    const PANICS: Target = Target {
        name: "self-test-panic",
        run: |input| assert!(!input.windows(2).any(|part| part == b"!?"), "found it"),
        folders: &[],
        made_seeds: || vec![b"!..........?".to_vec()],
        words: &["!?"],
    };

    fn failure(target: &'static Target, slowest: Duration) -> String {
        let budget = Budget {
            inputs: 10_000,
            time: Duration::from_secs(20),
            slowest,
        };
        let message = smoke(target, budget).unwrap_err();
        let kept = fs::read_dir(target.regressions()).unwrap().count();
        fs::remove_dir_all(target.regressions()).unwrap();
        assert_eq!(kept, 1);
        message
    }

    #[test]
    fn a_panic_is_found_and_its_input_kept() {
        let message = failure(&PANICS, Duration::from_secs(20));
        assert!(
            message.starts_with("panicked: found it; the input is kept in "),
            "{message}"
        );
    }

    #[test]
    fn a_hang_is_found_and_its_input_kept() {
        let message = failure(&HANGS, Duration::from_millis(50));
        assert!(message.contains("took longer than"), "{message}");
    }

    #[test]
    fn budgets() {
        assert_eq!(
            Budget::from_seconds(Some("60")).unwrap().time,
            Duration::from_secs(60)
        );
        assert!(
            Budget::from_seconds(Some("long"))
                .unwrap_err()
                .contains("not a number")
        );
        assert_eq!(Budget::from_seconds(None).unwrap().inputs, 20_000);
    }
}
