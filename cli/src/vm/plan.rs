//! What `holdfast vm up` does with what it finds: the decisions, and nothing else.

/// The machine's state when the command begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Absent,
    Off,
    On,
}

/// All that the decision needs. Configurations are texts with the machine's ssh key in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) state: State,
    /// `--fresh`.
    pub(super) fresh: bool,
    /// `--board`.
    pub(super) board: Option<&'a str>,
    /// The board that the kept disk was made for, as far as that was written down.
    pub(super) made_for: Option<&'a str>,
    /// `--config`, to be had by a kept disk as well.
    pub(super) asked: Option<&'a str>,
    /// What an earlier `up` put on CONFIG; of a running machine this is the newest that the host can know.
    pub(super) placed: Option<&'a str>,
    /// What is on CONFIG now, as far as it can be read: the machine is off.
    pub(super) found: Option<&'a str>,
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// End the old machine, whose disk is thrown away.
    End,
    /// Make a disk from the image, with the configuration that was asked for, or the image's sample.
    Make,
    /// Put the configuration that was asked for onto the kept disk.
    Replace {
        /// What is there was changed since the host put it there: keep a copy and say so.
        changed: bool,
    },
    /// Switch on.
    Start,
    /// Go on with the machine that runs.
    GoOn,
}

/// Nothing can be done as asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The machine runs, and was started with another configuration.
    RunsWithAnother,
    /// The kept disk is another board's.
    OtherBoard {
        /// The disk's.
        made_for: String,
        /// The one that was asked for.
        board: String,
    },
}

impl Refusal {
    /// The message, for the machine that is named by `flag` on a command line.
    pub(super) fn message(&self, flag: &str) -> String {
        match self {
            Self::RunsWithAnother => format!(
                "the machine runs and was started with another config.yaml, so --config cannot take effect: stop it first \
                 with `holdfast vm{flag} stop`, or change it from inside with `holdfast config apply`",
            ),
            Self::OtherBoard { made_for, board } => format!(
                "the machine's disk is one of board {made_for}, and --board says {board}: --fresh throws it away, `holdfast vm \
                 --name NAME up` makes another machine beside it"
            ),
        }
    }
}

/// The steps, in order.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Vec<Step>, Refusal> {
    let placed = |text| facts.placed == Some(text);
    if let (Some(made_for), Some(board)) = (facts.made_for, facts.board)
        && facts.state != State::Absent
        && !facts.fresh
        && made_for != board
    {
        return Err(Refusal::OtherBoard {
            made_for: made_for.to_owned(),
            board: board.to_owned(),
        });
    }
    match (facts.state, facts.fresh, facts.asked) {
        (State::Absent, _, _) | (State::Off, true, _) => Ok(vec![Step::Make, Step::Start]),
        (State::On, true, _) => Ok(vec![Step::End, Step::Make, Step::Start]),
        (State::On, false, Some(text)) if !placed(text) => Err(Refusal::RunsWithAnother),
        (State::On, false, _) => Ok(vec![Step::GoOn]),
        (State::Off, false, None) => Ok(vec![Step::Start]),
        (State::Off, false, asked) if asked == facts.found => Ok(vec![Step::Start]),
        (State::Off, false, Some(_)) => {
            let changed = facts.found.is_some_and(|found| !placed(found));
            Ok(vec![Step::Replace { changed }, Step::Start])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_what_is_asked_decide() {
        let facts = |state, fresh, asked, placed, found| Facts {
            state,
            fresh,
            board: None,
            made_for: None,
            asked,
            placed,
            found,
        };
        let make = vec![Step::Make, Step::Start];
        let start = vec![Step::Start];
        let replace = |changed| vec![Step::Replace { changed }, Step::Start];
        let (a, b, c) = (Some("a"), Some("b"), Some("c"));
        for (name, facts, expected) in [
            (
                "the first time",
                facts(State::Absent, false, a, None, None),
                Ok(make.clone()),
            ),
            (
                "kept: its own configuration stays, even a changed one",
                facts(State::Off, false, None, a, c),
                Ok(start.clone()),
            ),
            (
                "kept, asked for what it has",
                facts(State::Off, false, a, a, a),
                Ok(start.clone()),
            ),
            (
                "kept, changed by hand into what is asked for",
                facts(State::Off, false, c, a, c),
                Ok(start),
            ),
            (
                "kept, asked for another",
                facts(State::Off, false, b, a, a),
                Ok(replace(false)),
            ),
            (
                "kept, changed since",
                facts(State::Off, false, a, a, c),
                Ok(replace(true)),
            ),
            (
                "kept, nobody knows what was placed",
                facts(State::Off, false, a, None, c),
                Ok(replace(true)),
            ),
            (
                "kept, CONFIG is empty",
                facts(State::Off, false, a, a, None),
                Ok(replace(false)),
            ),
            (
                "off and fresh",
                facts(State::Off, true, a, b, b),
                Ok(make.clone()),
            ),
            (
                "runs, nothing asked",
                facts(State::On, false, None, a, None),
                Ok(vec![Step::GoOn]),
            ),
            (
                "runs with what is asked for",
                facts(State::On, false, a, a, None),
                Ok(vec![Step::GoOn]),
            ),
            (
                "runs with another",
                facts(State::On, false, b, a, None),
                Err(Refusal::RunsWithAnother),
            ),
            (
                "runs and fresh",
                facts(State::On, true, b, a, None),
                Ok([vec![Step::End], make].concat()),
            ),
        ] {
            assert_eq!(plan(&facts), expected, "{name}");
        }
    }

    #[test]
    fn a_kept_disk_stays_one_of_its_board() {
        for (state, fresh, board, made_for, refused) in [
            (State::Off, false, Some("nuc"), Some("qemu"), true),
            (State::On, false, Some("nuc"), Some("qemu"), true),
            (State::Off, true, Some("nuc"), Some("qemu"), false),
            (State::Absent, false, Some("nuc"), None, false),
            (State::Off, false, Some("nuc"), Some("nuc"), false),
            (State::Off, false, None, Some("qemu"), false),
        ] {
            let facts = Facts {
                state,
                fresh,
                board,
                made_for,
                asked: None,
                placed: None,
                found: None,
            };
            let answer = plan(&facts);
            assert_eq!(
                matches!(answer, Err(Refusal::OtherBoard { .. })),
                refused,
                "{facts:?}: {answer:?}"
            );
        }
    }
}
