//! What the agent finds at its start: how a trial stands, judged from what several hands left. A pure decision.

use init_api::{BootEnd, LastBoot, PendingTrial, UnconfirmedBoot, WhyUnconfirmed};
use slots::{Counter, Entry};

/// What is there of the entry of the release on trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BootFiles<'a> {
    /// An entry.
    Entry(&'a Entry),
    /// A program that is no entry yet.
    Waiting,
    /// Nothing.
    Missing,
}

/// The release that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Running<'a> {
    /// Its verity root hash.
    pub(crate) root_hash: &'a str,
    /// The counter of its entry.
    pub(crate) counter: Option<Counter>,
    /// The boot loader would start it before the release on trial, so it has to be put behind.
    pub(crate) starts_first: bool,
    /// The boot loader starts the release on trial only if a restart asked for that, which is written down before.
    pub(crate) waits_for_a_word: bool,
}

/// What PID 1 wrote down about boots that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended<'a> {
    /// The last boot on trial that it ended itself.
    pub(crate) unconfirmed: Option<&'a UnconfirmedBoot>,
    /// The boot before this one, of whatever release.
    pub(crate) last_boot: Option<&'a LastBoot>,
}

/// How the trial stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The release on trial runs; `counter` is what its entry must have, if it has another one.
    OnTrial {
        /// The counter to give it: boots that were ended on purpose are given back.
        counter: Option<Counter>,
    },
    /// It was confirmed on the boot partition, and a power cut came before the rest.
    Confirmed,
    /// It did not prove itself: the release before it runs.
    Failed {
        /// Why, a line each.
        why: Vec<String>,
    },
    /// The power was cut before the boot loader could start it: it can be activated again.
    BrokenOff,
}

/// Judges a trial from the release that runs, the entry, and how boots ended.
pub(crate) fn judge(
    pending: &PendingTrial,
    running: &Running<'_>,
    files: BootFiles<'_>,
    ended: Ended<'_>,
) -> Found {
    let entry = match files {
        BootFiles::Entry(entry) => Some(entry),
        BootFiles::Waiting | BootFiles::Missing => None,
    };
    if running.root_hash == pending.release.root_hash {
        return match entry {
            Some(Entry { counter: None, .. }) => Found::Confirmed,
            Some(Entry {
                counter: Some(counter),
                ..
            }) => Found::OnTrial {
                counter: given_back(pending, *counter),
            },
            // It runs, so it was started: its entry is written anew by no one here.
            None => Found::OnTrial { counter: None },
        };
    }
    let counter = entry.and_then(|entry| entry.counter);
    let untried = pending.attempts == 0 && counter.is_none_or(|counter| counter.done == 0);
    let half_way = match files {
        BootFiles::Waiting => true,
        BootFiles::Entry(_) if running.waits_for_a_word => true,
        // The last step puts the release that runs behind.
        BootFiles::Entry(_) if running.starts_first => running.counter.is_none(),
        // The only one on the way back to a newer release gives that its tries.
        BootFiles::Entry(_) => pending.rollback && counter.is_none_or(|counter| counter.left == 0),
        BootFiles::Missing => false,
    };
    if untried && half_way {
        return Found::BrokenOff;
    }
    Found::Failed {
        why: reasons(pending, running, counter, ended),
    }
}

/// The counter that our own count asks for, if the boot loader counted more boots than we did.
fn given_back(pending: &PendingTrial, counter: Counter) -> Option<Counter> {
    let left = pending.tries.saturating_sub(pending.attempts);
    (counter.left < left).then_some(Counter {
        left,
        done: pending.attempts,
    })
}

fn reasons(
    pending: &PendingTrial,
    running: &Running<'_>,
    counter: Option<Counter>,
    ended: Ended<'_>,
) -> Vec<String> {
    let last = ended
        .unconfirmed
        .filter(|last| last.root_hash == pending.release.root_hash);
    if let Some(last) = last.filter(|last| last.why == WhyUnconfirmed::TimedOut) {
        let seconds = pending.deadline_s;
        return std::iter::once(format!("it was not confirmed within {seconds} s"))
            .chain(last.reasons.iter().cloned())
            .collect();
    }
    let started = counter.map_or(0, |counter| counter.done);
    let why = match (pending.attempts, started) {
        (0, 0) => "the boot loader did not start it".to_owned(),
        (0, _) if running.waits_for_a_word => {
            "the firmware was asked for it, and it never came as far as its state partition: its kernel or its root did not start, or power was lost before".to_owned()
        }
        (0, started) => format!(
            "the boot loader started it {started} times, and it never came as far as its state partition: its kernel or its root did not start"
        ),
        (attempts, _) => format!(
            "it was started {attempts} times and never confirmed: each time it crashed, hung or lost power"
        ),
    };
    let last = ended.last_boot.map(|last| how_it_ended(pending, last));
    std::iter::once(why)
        .chain(last.unwrap_or_default())
        .collect()
}

/// What is known of the last boot of the release on trial, a line each. One that wrote nothing down is known by what the kernel or
/// the watchdog's hardware kept.
fn how_it_ended(pending: &PendingTrial, last: &LastBoot) -> Vec<String> {
    let is_its = match &last.root_hash {
        Some(hash) => *hash == pending.release.root_hash,
        None => last.end == BootEnd::Panic,
    };
    if is_its && !last.is_in_order() {
        let kernel = last.kernel.iter().skip(1).cloned();
        return std::iter::once(format!("the last time, {}", last.how()))
            .chain(kernel)
            .collect();
    }
    let by_watchdog = !is_its && last.reset_by_watchdog;
    let line = "the last time, it hung: the watchdog's hardware says that it reset the machine";
    by_watchdog.then(|| line.to_owned()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{BootFiles, Ended, Found, Running, how_it_ended, judge};
    use init_api::{
        BootEnd, LastBoot, Millis, PendingTrial, Slot, SlotRelease, UnconfirmedBoot, WhyUnconfirmed,
    };
    use slots::{Counter, Entry};

    fn release(version: &str, slot: Slot) -> SlotRelease {
        SlotRelease {
            version: version.into(),
            slot,
            root_hash: format!("hash of {version}"),
            entry: format!("holdfast_{version}.efi"),
            kubernetes: None,
        }
    }

    #[test]
    fn every_end_of_a_trial_is_told_from_the_others() {
        let timed_out = UnconfirmedBoot {
            slot: Slot::B,
            root_hash: "hash of 2".into(),
            version: "2".into(),
            why: WhyUnconfirmed::TimedOut,
            reasons: vec!["node a was not ready".into()],
            at_ms: Millis::seconds(601),
        };
        let failed = |why: &[&str]| Found::Failed {
            why: why.iter().map(|&line| line.to_owned()).collect(),
        };
        let trial = |counter| Found::OnTrial { counter };
        let give = |left, done| Some(Counter { left, done });
        let crashed =
            "it was started 3 times and never confirmed: each time it crashed, hung or lost power";
        let panicked = "the boot loader started it 3 times, and it never came as far as its state partition: its kernel or its root did not start";
        let never_came = "the firmware was asked for it, and it never came as far as its state partition: its kernel or its root did not start, or power was lost before";
        for (case, running, file, attempts, last, expected) in [
            ("it runs", "2", "holdfast_2+2-1.efi", 1, None, trial(None)),
            (
                "its last boot was on purpose",
                "2",
                "holdfast_2+1-2.efi",
                1,
                None,
                trial(give(2, 1)),
            ),
            (
                "the loader does not count",
                "2",
                "holdfast_2+3.efi",
                1,
                None,
                trial(None),
            ),
            (
                "confirmed before a cut",
                "2",
                "holdfast_2.efi",
                1,
                None,
                Found::Confirmed,
            ),
            ("it runs without an entry", "2", "", 1, None, trial(None)),
            (
                "a cut before the rename",
                "1",
                "new",
                0,
                None,
                Found::BrokenOff,
            ),
            (
                "out of time",
                "1",
                "holdfast_2+0-2.efi",
                1,
                Some(&timed_out),
                failed(&["it was not confirmed within 600 s", "node a was not ready"]),
            ),
            (
                "crashed",
                "1",
                "holdfast_2+0-3.efi",
                3,
                None,
                failed(&[crashed]),
            ),
            (
                "panicked",
                "1",
                "holdfast_2+0-3.efi",
                0,
                None,
                failed(&[panicked]),
            ),
            (
                "not chosen",
                "1",
                "holdfast_2+3.efi",
                0,
                None,
                failed(&["the boot loader did not start it"]),
            ),
            (
                "a way back to an older one, cut before its first rename",
                "1",
                "holdfast_2.efi",
                0,
                None,
                Found::BrokenOff,
            ),
            (
                "a way back to an older one, cut before its last",
                "1",
                "holdfast_2+3.efi",
                0,
                None,
                Found::BrokenOff,
            ),
            (
                "a way back to an older one that failed, whole",
                "1",
                "holdfast_2+0-3.efi",
                3,
                None,
                failed(&[crashed]),
            ),
            (
                "a way back to a newer one, cut before its rename",
                "1",
                "holdfast_2+0.efi",
                0,
                None,
                Found::BrokenOff,
            ),
            (
                "a way back to a newer one, not chosen",
                "1",
                "holdfast_2+3.efi",
                0,
                None,
                failed(&["the boot loader did not start it"]),
            ),
            (
                "asked for, cut before the restart",
                "1",
                "holdfast_2+1.efi",
                0,
                None,
                Found::BrokenOff,
            ),
            (
                "asked for, and panicked",
                "1",
                "holdfast_2+0-1.efi",
                0,
                None,
                failed(&[never_came]),
            ),
            (
                "asked for, and crashed",
                "1",
                "holdfast_2+0-1.efi",
                1,
                None,
                failed(&[
                    "it was started 1 times and never confirmed: each time it crashed, hung or lost power",
                ]),
            ),
            (
                "its files are gone",
                "1",
                "",
                0,
                None,
                failed(&["the boot loader did not start it"]),
            ),
        ] {
            let pending = PendingTrial {
                release: release("2", Slot::B),
                tries: 3,
                attempts,
                deadline_s: 600,
                good: release("1", Slot::A),
                rollback: case.starts_with("a way back"),
                own_config: false,
                checks: Vec::new(),
            };
            let entry = Entry::of_file(file);
            let files = match (&entry, file) {
                (Some(entry), _) => BootFiles::Entry(entry),
                (None, "new") => BootFiles::Waiting,
                (None, _) => BootFiles::Missing,
            };
            let running = Running {
                root_hash: &format!("hash of {running}"),
                counter: case.ends_with("whole").then_some(Counter::fresh(0)),
                starts_first: case.starts_with("a way back to an older"),
                waits_for_a_word: case.starts_with("asked for"),
            };
            let ended = Ended {
                unconfirmed: last,
                last_boot: None,
            };
            let found = judge(&pending, &running, files, ended);
            assert_eq!(found, expected, "{case}");
        }
    }

    #[test]
    fn the_last_boot_says_what_it_died_of() {
        let pending = PendingTrial {
            release: release("2", Slot::B),
            tries: 3,
            attempts: 3,
            deadline_s: 600,
            good: release("1", Slot::A),
            rollback: false,
            own_config: false,
            checks: Vec::new(),
        };
        let oops = ["Kernel panic - not syncing: x", "BUG: y"].as_slice();
        let hung = "the last time, it hung: the watchdog's hardware says that it reset the machine";
        for (case, of, end, watchdog, kernel, expected) in [
            (
                "panic",
                Some("2"),
                BootEnd::Panic,
                false,
                oops,
                [
                    "the last time, the kernel panicked: Kernel panic - not syncing: x",
                    "BUG: y",
                ]
                .as_slice(),
            ),
            (
                "panic before it wrote anything",
                None,
                BootEnd::Panic,
                false,
                &oops[..1],
                &["the last time, the kernel panicked: Kernel panic - not syncing: x"],
            ),
            (
                "watchdog",
                Some("2"),
                BootEnd::Watchdog,
                true,
                &[],
                &["the last time, the machine hung, and the watchdog reset it"],
            ),
            (
                "power",
                Some("2"),
                BootEnd::Cut,
                false,
                &[],
                &["the last time, power was lost, or the machine was reset from outside"],
            ),
            (
                "hung before it wrote anything",
                Some("1"),
                BootEnd::NotKnown,
                true,
                &[],
                &[hung],
            ),
            (
                "of the good release",
                Some("1"),
                BootEnd::Panic,
                false,
                oops,
                &[],
            ),
            (
                "nothing is known",
                Some("1"),
                BootEnd::NotKnown,
                false,
                &[],
                &[],
            ),
        ] {
            let owned = |lines: &[&str]| -> Vec<String> {
                lines.iter().map(|&line| line.to_owned()).collect()
            };
            let last = LastBoot {
                found_by: String::new(),
                version: of.map(str::to_owned),
                root_hash: of.map(|version| format!("hash of {version}")),
                was_ready: None,
                end,
                reset_by_watchdog: watchdog,
                kernel: owned(kernel),
                kept: None,
            };
            assert_eq!(how_it_ended(&pending, &last), owned(expected), "{case}");
            let running = Running {
                root_hash: "hash of 1",
                counter: None,
                starts_first: false,
                waits_for_a_word: false,
            };
            let ended = Ended {
                unconfirmed: None,
                last_boot: Some(&last),
            };
            let Found::Failed { why } = judge(&pending, &running, BootFiles::Missing, ended) else {
                panic!("{case}: it failed");
            };
            assert_eq!(why[1..], owned(expected), "{case}");
        }
    }
}
