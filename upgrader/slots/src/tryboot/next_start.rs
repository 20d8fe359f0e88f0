//! What a restart leads to: a pure decision.

use super::Record;
use crate::{Counter, EntryName};

/// What the firmware is asked to start next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStart {
    /// The good release: a restart without a word.
    Good,
    /// The release on trial, once: the restart's word is `0 tryboot`.
    Trial,
}

impl NextStart {
    /// The word that the kernel is given for the restart (reboot(2), `LINUX_REBOOT_CMD_RESTART2`); none for a plain one. `0` is the
    /// default partition. Whoever in the kernel hears it sets the firmware's flag: mailbox channel 8, property `0x00038064`, value 1.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::Good => None,
            Self::Trial => Some("0 tryboot"),
        }
    }
}

impl Record {
    /// What a restart out of the release `running` leads to, and the record to be written before it, if it changes. `interrupted` is
    /// whether somebody ends the trial of `running` on purpose: it goes on after the restart.
    pub fn at_restart(&self, running: &EntryName, interrupted: bool) -> (NextStart, Option<Self>) {
        let spare = self.spare.as_ref();
        let Some((spare, counter)) = spare.and_then(|spare| Some((spare, spare.trial?))) else {
            return (NextStart::Good, None);
        };
        let runs = spare.name == *running;
        match (runs, interrupted, counter.left) {
            (true, true, _) => (NextStart::Trial, None),
            // It ran out of time.
            (true, false, _) => (NextStart::Good, None),
            (false, _, 0) => (NextStart::Good, None),
            (false, _, left) => {
                let counted = Counter {
                    left: left - 1,
                    done: counter.done + 1,
                };
                (NextStart::Trial, Some(self.with_trial(Some(counted))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NextStart;
    use crate::tryboot::{Record, Spare, Standing};
    use crate::{Counter, EntryName};

    fn name(version: &str) -> EntryName {
        EntryName::of_version(version).expect("a version")
    }

    #[test]
    fn every_restart_has_its_next_start() {
        use NextStart::{Good, Trial};
        for (case, trial, running, interrupted, expected, counted) in [
            ("no trial", None, "1", false, Good, None),
            ("nor interrupted", None, "1", true, Good, None),
            ("activated", Some((1, 0)), "1", false, Trial, Some((0, 1))),
            ("by somebody", Some((1, 0)), "1", true, Trial, Some((0, 1))),
            (
                "several tries",
                Some((3, 1)),
                "1",
                false,
                Trial,
                Some((2, 2)),
            ),
            ("it came back", Some((0, 1)), "1", false, Good, None),
            ("out of time", Some((0, 1)), "2", false, Good, None),
            (
                "with a try given back",
                Some((1, 0)),
                "2",
                false,
                Good,
                None,
            ),
            ("ended on purpose", Some((0, 1)), "2", true, Trial, None),
            ("a third one runs", Some((0, 1)), "3", true, Good, None),
        ] {
            let counter = |(left, done)| Counter { left, done };
            let mut record = Record::of(name("1"));
            record.spare = Some(Spare {
                name: name("2"),
                standing: Standing::New { size: 9 },
                trial: trial.map(counter),
            });
            let (next, written) = record.at_restart(&name(running), interrupted);
            assert_eq!(next, expected, "{case}");
            let tries = written.map(|record| record.spare.and_then(|spare| spare.trial));
            assert_eq!(tries, counted.map(|tries| Some(counter(tries))), "{case}");
        }
        assert_eq!((Good.word(), Trial.word()), (None, Some("0 tryboot")));
    }
}
