//! The runner for a stable compiler.

use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Target;
use crate::mutate::Mutator;

/// Inputs that are run between two looks at the clock.
const BATCH: u64 = 256;

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
    let worker = Worker::start(target, budget.slowest);
    let start = Instant::now();
    let mut mutator = Mutator::new(target.name, target.words);
    let mut batch: Vec<Vec<u8>> = pool.clone();
    let mut count = 0;
    while !batch.is_empty() {
        count += batch.len() as u64;
        worker
            .run(batch)
            .map_err(|(input, what)| keep(target, &input, what).to_string())?;
        let left = if start.elapsed() > budget.time {
            0
        } else {
            budget.inputs.saturating_sub(count).min(BATCH)
        };
        batch = (0..left).map(|_| mutator.next(&pool)).collect();
    }
    Ok(count)
}

/// A thread that runs inputs, and may hang in one. It gets many at once: handing one over takes longer than most targets do.
struct Worker {
    batches: Sender<Vec<Vec<u8>>>,
    results: Receiver<Result<(), Failed>>,
    /// The input that is run now, and how many were begun at all.
    current: Arc<Mutex<(Vec<u8>, u64)>>,
    slowest: Duration,
}

/// An input, and what happened.
type Failed = (Vec<u8>, String);

impl Worker {
    fn start(target: &'static Target, slowest: Duration) -> Self {
        let (batches, incoming) = channel::<Vec<Vec<u8>>>();
        let (done, results) = channel();
        let current = Arc::new(Mutex::new((Vec::new(), 0)));
        let shared = Arc::clone(&current);
        thread::spawn(move || {
            for batch in incoming {
                let outcome = batch.into_iter().try_for_each(|input| {
                    let mut current = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    *current = (input.clone(), current.1 + 1);
                    drop(current);
                    run(target, &input).map_err(|what| (input, what))
                });
                if done.send(outcome).is_err() {
                    break;
                }
            }
        });
        Self {
            batches,
            results,
            current,
            slowest,
        }
    }

    /// Runs the inputs; the first that fails is the error.
    fn run(&self, batch: Vec<Vec<u8>>) -> Result<(), Failed> {
        // The worker lives until this value is gone.
        let ended = |_| (Vec::new(), "the worker ended".to_owned());
        self.batches.send(batch).map_err(ended)?;
        let mut begun = 0;
        loop {
            let what = match self.results.recv_timeout(self.slowest) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Timeout) => {
                    format!("an input took longer than {} s", self.slowest.as_secs())
                }
                Err(RecvTimeoutError::Disconnected) => "the worker died".to_owned(),
            };
            let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            // Another is run by now: the batch is only long.
            if current.1 == begun {
                return Err((current.0.clone(), what));
            }
            begun = current.1;
        }
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
