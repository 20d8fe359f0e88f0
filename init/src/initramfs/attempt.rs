//! Whether a boot is on trial: a pure decision.

use init_api::{Attempt, BootTrial, PendingTrial, Started, UnconfirmedBoot, WhyUnconfirmed};

/// The deadline of a trial whose record is lost with the state partition.
const DEADLINE_S: u64 = 900;
/// How many more boots the machine tries to turn the boot loader away from a release whose trial has ended. After that it runs
/// what it has: a node with a release that failed is better than one that restarts for ever.
const TURNS: u32 = 3;

/// What this boot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// An ordinary one.
    Ordinary,
    /// One on trial.
    OnTrial {
        /// What PID 1 is told.
        trial: BootTrial,
        /// The record with this boot counted; none if there is no record.
        counted: Option<PendingTrial>,
    },
    /// One of a release whose trial has ended: go back.
    Over {
        /// The record with this boot counted.
        counted: PendingTrial,
        /// For people.
        why: String,
    },
}

/// Judges a boot of the release with `root_hash` by the record of the trial, by how its last boot ended, and by what the boot
/// loader says.
pub(super) fn judge(
    root_hash: &str,
    started: &Started,
    pending: Option<PendingTrial>,
    unconfirmed: Option<&UnconfirmedBoot>,
) -> Verdict {
    let mut counted = match pending {
        Some(pending) if pending.release.root_hash == root_hash => pending,
        // On the way to an older release the one that is good stands behind it as spent.
        Some(pending) if pending.good.root_hash == root_hash => return Verdict::Ordinary,
        _ => return without_record(started),
    };
    let last = unconfirmed
        .filter(|last| last.root_hash == root_hash)
        .map(|last| last.why);
    let before = counted.attempts;
    // The boot before was ended on purpose: it says nothing about the release.
    if last != Some(WhyUnconfirmed::Interrupted) || before == 0 {
        counted.attempts += 1;
    }
    let why = match last {
        Some(WhyUnconfirmed::TimedOut) => Some("was not confirmed in time".to_owned()),
        _ if counted.attempts > counted.tries => {
            Some(format!("was started {before} times and never confirmed"))
        }
        _ => None,
    };
    match why {
        Some(why) if counted.attempts <= counted.tries + TURNS => Verdict::Over { counted, why },
        _ => Verdict::OnTrial {
            trial: BootTrial {
                deadline_s: counted.deadline_s,
            },
            counted: Some(counted),
        },
    }
}

/// The boot loader's word alone.
fn without_record(started: &Started) -> Verdict {
    match started.attempt {
        Attempt::NotCounted => Verdict::Ordinary,
        Attempt::Counted { .. } => Verdict::OnTrial {
            trial: BootTrial {
                deadline_s: DEADLINE_S,
            },
            counted: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{DEADLINE_S, Verdict, judge};
    use init_api::{
        Attempt, Millis, PendingTrial, Slot, SlotRelease, Started, UnconfirmedBoot, WhyUnconfirmed,
    };

    fn release(version: &str, slot: Slot) -> SlotRelease {
        SlotRelease {
            version: version.into(),
            slot,
            root_hash: version.repeat(8),
            entry: format!("holdfast_{version}.efi"),
            kubernetes: None,
        }
    }

    fn pending(attempts: u32) -> PendingTrial {
        PendingTrial {
            release: release("2", Slot::B),
            tries: 3,
            attempts,
            deadline_s: 600,
            good: release("1", Slot::A),
            rollback: false,
            own_config: false,
            checks: Vec::new(),
        }
    }

    fn ended(version: &str, why: WhyUnconfirmed) -> UnconfirmedBoot {
        UnconfirmedBoot {
            slot: Slot::B,
            root_hash: version.repeat(8),
            version: version.into(),
            why,
            reasons: Vec::new(),
            at_ms: Millis(1),
        }
    }

    #[test]
    fn every_boot_is_judged() {
        use WhyUnconfirmed::{Interrupted, TimedOut};
        let counted = Attempt::Counted { left: Some(1) };
        for (case, booted, attempt, attempts, last, expected) in [
            ("no trial", "1", Attempt::NotCounted, None, None, "ordinary"),
            (
                "the old release during a trial",
                "1",
                Attempt::NotCounted,
                Some(1),
                None,
                "ordinary",
            ),
            ("and as spent", "1", counted, Some(1), None, "ordinary"),
            (
                "a third release",
                "3",
                counted,
                Some(1),
                None,
                "trial without a record",
            ),
            (
                "the record is lost",
                "2",
                counted,
                None,
                None,
                "trial without a record",
            ),
            ("its first boot", "2", counted, Some(0), None, "trial 1"),
            ("its last boot", "2", counted, Some(2), None, "trial 3"),
            (
                "a loader that does not count",
                "2",
                Attempt::NotCounted,
                Some(2),
                None,
                "trial 3",
            ),
            (
                "and does not stop",
                "2",
                Attempt::NotCounted,
                Some(3),
                None,
                "over 4",
            ),
            (
                "nor can be turned",
                "2",
                Attempt::NotCounted,
                Some(6),
                None,
                "trial 7",
            ),
            (
                "ended on purpose",
                "2",
                counted,
                Some(1),
                Some(ended("2", Interrupted)),
                "trial 1",
            ),
            (
                "in its last try, too",
                "2",
                counted,
                Some(3),
                Some(ended("2", Interrupted)),
                "trial 3",
            ),
            (
                "out of time",
                "2",
                counted,
                Some(1),
                Some(ended("2", TimedOut)),
                "over 2",
            ),
            (
                "another one was",
                "2",
                counted,
                Some(1),
                Some(ended("3", TimedOut)),
                "trial 2",
            ),
        ] {
            let started = Started {
                entry: None,
                attempt,
            };
            let hash = booted.repeat(8);
            let verdict = judge(&hash, &started, attempts.map(pending), last.as_ref());
            let told = match &verdict {
                Verdict::Ordinary => "ordinary".to_owned(),
                Verdict::OnTrial {
                    trial,
                    counted: None,
                } => {
                    assert_eq!(trial.deadline_s, DEADLINE_S, "{case}");
                    "trial without a record".to_owned()
                }
                Verdict::OnTrial {
                    trial,
                    counted: Some(counted),
                } => {
                    assert_eq!(trial.deadline_s, 600, "{case}");
                    format!("trial {}", counted.attempts)
                }
                Verdict::Over { counted, .. } => format!("over {}", counted.attempts),
            };
            assert_eq!(told, expected, "{case}");
        }
    }
}
