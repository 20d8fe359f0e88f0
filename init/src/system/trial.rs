//! A boot on trial: it is confirmed in time, or the machine goes back.
//!
//! # Flow
//! Whoever wrote a new slot leaves [`init_api::BootTrial`] in the boot record. Until its deadline `Request::Commit` keeps the
//! slot. When the deadline runs out first, PID 1 reboots in order, whatever the node is doing: also in maintenance mode, and
//! while a run of the configuration hangs. Somebody who asks for a reboot before that interrupts the trial, which is no failure.
//!
//! # Guarantees
//! A trial ends once, and only one of commit, interruption and timeout is its end. Both ends without a commit are written
//! down before the state partition is closed.

use init_api::{BootTrial, Millis, ServiceStatus, Status, UnconfirmedBoot, WhyUnconfirmed};

/// How the trial of this boot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    /// An ordinary boot.
    Absent,
    /// To be confirmed before then.
    Pending {
        /// Since the kernel's start.
        deadline: Millis,
    },
    /// Confirmed in time.
    Confirmed,
    /// The machine went down before that, because somebody asked for it.
    Interrupted,
    /// Time ran out.
    TimedOut,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// Time passed.
    Tick,
    /// The boot is good.
    Commit,
    /// Somebody wants the machine to go down.
    GoingDown,
}

/// What must be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing.
    None,
    /// Reboot in order.
    Return,
}

impl Trial {
    /// The trial that the boot record asks for.
    pub(super) fn new(asked: Option<&BootTrial>) -> Self {
        asked.map_or(Self::Absent, |trial| Self::Pending {
            deadline: Millis::seconds(trial.deadline_s),
        })
    }

    /// The next state, and what must be done to get there.
    pub(super) fn next(self, event: Event, now: Millis) -> (Self, Action) {
        match (self, event) {
            (Self::Pending { deadline }, _) if now >= deadline => (Self::TimedOut, Action::Return),
            (Self::Pending { .. }, Event::Commit) => (Self::Confirmed, Action::None),
            (Self::Pending { .. }, Event::GoingDown) => (Self::Interrupted, Action::None),
            (Self::Pending { .. }, Event::Tick)
            | (Self::Absent | Self::Confirmed | Self::Interrupted | Self::TimedOut, _) => {
                (self, Action::None)
            }
        }
    }

    /// When time alone changes something.
    pub(super) fn deadline(self) -> Option<Millis> {
        match self {
            Self::Pending { deadline } => Some(deadline),
            Self::Absent | Self::Confirmed | Self::Interrupted | Self::TimedOut => None,
        }
    }

    /// Why a commit was not taken; none when it was.
    pub(super) fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Confirmed => None,
            Self::Absent => Some("this boot is not on trial: there is nothing to commit"),
            Self::Pending { .. } => Some("the trial of this boot goes on"),
            Self::Interrupted => Some("the machine is going down before the trial has ended"),
            Self::TimedOut => Some("the trial of this boot is over: the machine goes back"),
        }
    }

    /// What is written down about a trial that ended without a commit just now: later, the services have been stopped and say
    /// nothing any more. `waits` is what the upgrader waited for.
    pub(super) fn record(self, status: &Status, waits: &[String]) -> Option<UnconfirmedBoot> {
        let why = match self {
            Self::TimedOut => WhyUnconfirmed::TimedOut,
            Self::Interrupted => WhyUnconfirmed::Interrupted,
            Self::Absent | Self::Pending { .. } | Self::Confirmed => return None,
        };
        let boot = status.boot.as_ref()?;
        Some(UnconfirmedBoot {
            slot: boot.slot,
            root_hash: boot.root_hash.clone(),
            version: status.version.clone(),
            why,
            reasons: reasons(status, waits),
            at_ms: status.uptime_ms,
        })
    }
}

/// What kept the boot from being confirmed, a line each: what PID 1 knows, and what the upgrader waited for. It knows of the node
/// and of the operator's checks; where it said nothing, because it never came so far, PID 1's own word about the node stands.
fn reasons(status: &Status, waits: &[String]) -> Vec<String> {
    let problem = status.problem.as_ref();
    let node = match &status.node {
        _ if !waits.is_empty() => None,
        None => Some("the node was not known yet".to_owned()),
        Some(node) if node.ready => None,
        Some(node) => {
            let why = node.why_not_ready().unwrap_or_default();
            Some(format!("node {} was not ready{why}", node.name))
        }
    };
    let failing = status
        .failing_services()
        .map(ServiceStatus::failure_in_trial);
    let told = |line: &&String| problem.is_some_and(|problem| problem.title == **line);
    problem
        .map(|problem| format!("{}: {}", problem.title, problem.text))
        .into_iter()
        .chain(failing)
        .chain(waits.iter().filter(|line| !told(line)).cloned())
        .chain(node)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Action, Event, Trial};
    use init_api::{BootTrial, Millis};

    const DEADLINE: Millis = Millis::seconds(300);
    const PENDING: Trial = Trial::Pending { deadline: DEADLINE };
    const STATES: [Trial; 5] = [
        Trial::Absent,
        PENDING,
        Trial::Confirmed,
        Trial::Interrupted,
        Trial::TimedOut,
    ];
    const EVENTS: [Event; 3] = [Event::Tick, Event::Commit, Event::GoingDown];

    #[test]
    fn the_boot_record_asks_for_it() {
        assert_eq!(Trial::new(None), Trial::Absent);
        let asked = BootTrial { deadline_s: 300 };
        assert_eq!(Trial::new(Some(&asked)), PENDING);
    }

    /// Every state with every event, before, at and after the deadline.
    #[test]
    fn every_event_in_every_state() {
        let before = Millis(299_999);
        for event in EVENTS {
            for now in [DEADLINE, Millis::seconds(9999)] {
                let over = (Trial::TimedOut, Action::Return);
                assert_eq!(PENDING.next(event, now), over, "{event:?} at {now:?}");
            }
            for now in [Millis(0), before, DEADLINE, Millis(u64::MAX)] {
                for ended in STATES.into_iter().filter(|state| *state != PENDING) {
                    let same = (ended, Action::None);
                    assert_eq!(ended.next(event, now), same, "{ended:?} {event:?}");
                }
            }
        }
        for (event, expected) in [
            (Event::Tick, PENDING),
            (Event::Commit, Trial::Confirmed),
            (Event::GoingDown, Trial::Interrupted),
        ] {
            let next = PENDING.next(event, before);
            assert_eq!(next, (expected, Action::None), "{event:?}");
        }
    }

    #[test]
    fn time_matters_while_it_is_pending_and_only_a_confirmed_one_takes_a_commit() {
        for state in STATES {
            let deadline = (state == PENDING).then_some(DEADLINE);
            assert_eq!(state.deadline(), deadline, "{state:?}");
            let taken = state == Trial::Confirmed;
            assert_eq!(state.refusal().is_none(), taken, "{state:?}");
        }
    }
}
