//! What is done about the state partition's file system, step by step: a pure decision.
//!
//! | step | clean | corrected | could not open | anything else |
//! |---|---|---|---|---|
//! | `e2fsck -p` | use it | use it | repair, renew or stop, as chosen | the same |
//! | `e2fsck -f -y`, undo file on CONFIG | verify | verify | with the backup superblock | undo file in memory |
//! | undo file in memory | verify | verify | with the backup superblock | without an undo file |
//! | without an undo file | verify | verify | with the backup superblock | stop |
//! | `e2fsck -f -p` (verify) | use it | use it | stop | stop |
//! | `mkfs.ext4` | use it | – | stop | stop |
//!
//! A file system that is in order and cannot be mounted counts as "anything else". With the backup superblock, what cannot be
//! opened counts as "anything else", too. So there are eight steps at most.

use disk::layout::WhenDamaged;
use init_api::StateOutcome;

/// Where the undo file of a repair is kept while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UndoPlace {
    /// On the CONFIG partition: a power cut leaves it.
    Config,
    /// In memory.
    Memory,
    /// Nowhere: no place has the room.
    Nowhere,
}

/// Which copy of the superblock is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Superblock {
    /// The first.
    Primary,
    /// The copy in the second group. `e2fsck` does not look there by itself when it writes an undo file.
    Backup,
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Corrects what can be corrected without a risk.
    Preen,
    /// Answers every question with yes.
    Repair {
        undo: UndoPlace,
        superblock: Superblock,
    },
    /// Looks again at what was repaired.
    Verify,
    /// Makes a new file system.
    Format,
}

impl Step {
    /// Whether data can be lost by it.
    pub(super) fn risks_data(self) -> bool {
        matches!(self, Self::Repair { .. } | Self::Format)
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nothing was wrong; for [`Step::Format`]: done.
    Clean,
    /// What was wrong is corrected.
    Corrected,
    /// Nothing was done: the file system could not be opened.
    NotOpened,
    /// Errors are left, it broke off, or what is in order cannot be mounted.
    Failed,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// This.
    Run(Step),
    /// The file system can be mounted.
    Use(StateOutcome),
    /// It cannot be used.
    Stop,
}

/// The first step; `begun` if a step that risks data was begun at an earlier boot and its end was not noted.
pub(super) fn first(choice: WhenDamaged, begun: bool) -> Step {
    match (begun, choice) {
        (false, _) | (true, WhenDamaged::Stop) => Step::Preen,
        (true, WhenDamaged::Repair) => repair(UndoPlace::Config),
        (true, WhenDamaged::Renew) => Step::Format,
    }
}

/// What follows on `step` when it ended so.
pub(super) fn next(step: Step, ended: Ended, choice: WhenDamaged) -> Next {
    match (step, ended) {
        (Step::Preen, Ended::Clean) => Next::Use(StateOutcome::Clean),
        (Step::Preen, Ended::Corrected) => Next::Use(StateOutcome::Repaired),
        (Step::Preen, _) => match choice {
            WhenDamaged::Stop => Next::Stop,
            WhenDamaged::Repair => Next::Run(repair(UndoPlace::Config)),
            WhenDamaged::Renew => Next::Run(Step::Format),
        },
        (Step::Repair { .. }, Ended::Clean | Ended::Corrected) => Next::Run(Step::Verify),
        (
            Step::Repair {
                undo,
                superblock: Superblock::Primary,
            },
            Ended::NotOpened,
        ) => Next::Run(Step::Repair {
            undo,
            superblock: Superblock::Backup,
        }),
        (Step::Repair { undo, .. }, _) => match undo {
            UndoPlace::Config => Next::Run(repair(UndoPlace::Memory)),
            UndoPlace::Memory => Next::Run(repair(UndoPlace::Nowhere)),
            UndoPlace::Nowhere => Next::Stop,
        },
        (Step::Verify, Ended::Clean | Ended::Corrected) => Next::Use(StateOutcome::RepairedAtRisk),
        (Step::Format, Ended::Clean | Ended::Corrected) => Next::Use(StateOutcome::Renewed),
        (Step::Verify | Step::Format, Ended::NotOpened | Ended::Failed) => Next::Stop,
    }
}

fn repair(undo: UndoPlace) -> Step {
    Step::Repair {
        undo,
        superblock: Superblock::Primary,
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, Next, Step, Superblock, UndoPlace, first, next};
    use disk::layout::WhenDamaged;
    use init_api::StateOutcome;

    const CHOICES: [WhenDamaged; 3] = [WhenDamaged::Stop, WhenDamaged::Repair, WhenDamaged::Renew];

    /// The steps that a list of endings leads through, and what comes at last.
    fn walk(choice: WhenDamaged, endings: &[Ended]) -> (Vec<Step>, Next) {
        let mut step = first(choice, false);
        let mut steps = Vec::new();
        for ended in endings {
            steps.push(step);
            match next(step, *ended, choice) {
                Next::Run(following) => step = following,
                end => return (steps, end),
            }
        }
        (steps, Next::Run(step))
    }

    #[test]
    fn damage_is_met_as_chosen() {
        use Ended::{Clean, Corrected, Failed, NotOpened};
        let repair = |undo, superblock| Step::Repair { undo, superblock };
        let (on_config, in_memory, without) = (
            repair(UndoPlace::Config, Superblock::Primary),
            repair(UndoPlace::Memory, Superblock::Primary),
            repair(UndoPlace::Nowhere, Superblock::Primary),
        );
        let backup = repair(UndoPlace::Config, Superblock::Backup);
        let usable = Next::Use;
        for (choice, endings, steps, end) in [
            (
                WhenDamaged::Stop,
                vec![Failed],
                vec![Step::Preen],
                Next::Stop,
            ),
            (
                WhenDamaged::Renew,
                vec![NotOpened, Clean],
                vec![Step::Preen, Step::Format],
                usable(StateOutcome::Renewed),
            ),
            (
                WhenDamaged::Repair,
                vec![Failed, Corrected, Clean],
                vec![Step::Preen, on_config, Step::Verify],
                usable(StateOutcome::RepairedAtRisk),
            ),
            (
                WhenDamaged::Repair,
                vec![NotOpened, NotOpened, Corrected, Corrected],
                vec![Step::Preen, on_config, backup, Step::Verify],
                usable(StateOutcome::RepairedAtRisk),
            ),
            (
                WhenDamaged::Repair,
                vec![Failed, Failed, Failed, Corrected, Failed],
                vec![Step::Preen, on_config, in_memory, without, Step::Verify],
                Next::Stop,
            ),
        ] {
            assert_eq!(
                walk(choice, &endings),
                (steps, end),
                "{choice:?} {endings:?}"
            );
        }
        for choice in CHOICES {
            for (ended, outcome) in [
                (Clean, StateOutcome::Clean),
                (Corrected, StateOutcome::Repaired),
            ] {
                let expected = (vec![Step::Preen], usable(outcome));
                assert_eq!(walk(choice, &[ended]), expected, "{choice:?}");
            }
        }
    }

    #[test]
    fn whatever_happens_it_ends_and_only_a_choice_risks_data() {
        let endings = [
            Ended::Clean,
            Ended::Corrected,
            Ended::NotOpened,
            Ended::Failed,
        ];
        for choice in CHOICES {
            for begun in [false, true] {
                let mut paths = vec![(first(choice, begun), 1)];
                while let Some((step, length)) = paths.pop() {
                    assert!(length <= 8, "{choice:?} {step:?}");
                    assert!(choice != WhenDamaged::Stop || !step.risks_data());
                    assert!(choice == WhenDamaged::Renew || step != Step::Format);
                    for ended in endings {
                        if let Next::Run(following) = next(step, ended, choice) {
                            paths.push((following, length + 1));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_was_begun_is_begun_again() {
        assert_eq!(first(WhenDamaged::Stop, true), Step::Preen);
        assert_eq!(first(WhenDamaged::Renew, true), Step::Format);
        assert!(first(WhenDamaged::Repair, true).risks_data());
    }
}
