//! What becomes of one service: a total function from state and event to state and action.

use init_api::{Exit, Kind, Millis, ReadyWhen, RestartWhen, Service, ServiceState};

/// How a service stands, with what each standing must know. Points in time are since the kernel's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// For those it comes after.
    Waiting,
    /// Its process runs since then.
    Starting {
        /// Start of the process.
        since: Millis,
    },
    /// Its process runs since then, and those after it may start.
    Ready {
        /// Start of the process.
        since: Millis,
    },
    /// It did its work.
    Completed,
    /// It is started again then.
    Pausing {
        /// End of the pause.
        until: Millis,
    },
    /// It was told to end.
    Stopping {
        /// When it is killed; none when it was.
        kill_at: Option<Millis>,
        /// Whether it is started again afterwards.
        again: bool,
    },
    /// It was stopped by request.
    Stopped,
    /// It ended badly and is not started again.
    Failed,
}

/// What can happen to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// All those it comes after are ready.
    Free,
    /// The sign that it is ready was seen.
    LooksReady,
    /// Its main process ended, or could not be started.
    Ended(Exit),
    /// Time passed.
    Tick,
    /// Someone wants it started.
    Start,
    /// Someone wants it stopped.
    Stop,
    /// Someone wants it stopped and started.
    Restart,
}

/// What must be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing.
    None,
    /// Start its process.
    Spawn,
    /// Ask its main process to end.
    Terminate,
    /// Kill it.
    Kill,
}

/// A service's state and what counts over its lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// How it stands.
    pub(crate) state: State,
    /// Since when it stands so.
    pub(crate) since: Millis,
    /// Ends in a row that were each too early.
    pub(crate) failures: u32,
    /// How often its process was started.
    pub(crate) starts: u32,
    /// How it ended last.
    pub(crate) last_exit: Option<Exit>,
}

impl Machine {
    /// A service that was just described.
    pub(crate) fn new(now: Millis) -> Self {
        Self {
            state: State::Waiting,
            since: now,
            failures: 0,
            starts: 0,
            last_exit: None,
        }
    }

    /// The next state, and what must be done to get there.
    pub(crate) fn next(self, event: Event, service: &Service, now: Millis) -> (Self, Action) {
        match self.state {
            State::Waiting => self.while_waiting(event, service, now),
            State::Starting { since } => self.while_running(event, false, since, service, now),
            State::Ready { since } => self.while_running(event, true, since, service, now),
            State::Pausing { until } => self.while_pausing(event, until, now),
            State::Stopping { kill_at, again } => self.while_stopping(event, kill_at, again, now),
            State::Completed | State::Stopped | State::Failed => self.at_rest(event, now),
        }
    }

    fn while_waiting(self, event: Event, service: &Service, now: Millis) -> (Self, Action) {
        match event {
            Event::Free => self.to(running(service, now), Action::Spawn, now),
            Event::Stop => self.to(State::Stopped, Action::None, now),
            _ => (self, Action::None),
        }
    }

    fn while_running(
        self,
        event: Event,
        is_ready: bool,
        since: Millis,
        service: &Service,
        now: Millis,
    ) -> (Self, Action) {
        match event {
            Event::LooksReady if !is_ready => self.to(State::Ready { since }, Action::None, now),
            Event::Ended(exit) => self.ended(exit, since, service, now),
            Event::Stop => self.to(stopping(service, now, false), Action::Terminate, now),
            Event::Restart => self.to(stopping(service, now, true), Action::Terminate, now),
            _ => (self, Action::None),
        }
    }

    fn while_pausing(self, event: Event, until: Millis, now: Millis) -> (Self, Action) {
        match event {
            Event::Tick if now < until => (self, Action::None),
            Event::Tick | Event::Start | Event::Restart => {
                self.to(State::Waiting, Action::None, now)
            }
            Event::Stop => self.to(State::Stopped, Action::None, now),
            _ => (self, Action::None),
        }
    }

    fn while_stopping(
        mut self,
        event: Event,
        kill_at: Option<Millis>,
        again: bool,
        now: Millis,
    ) -> (Self, Action) {
        let stopping = |kill_at, again| State::Stopping { kill_at, again };
        match event {
            Event::Tick if kill_at.is_some_and(|at| now >= at) => {
                self.to(stopping(None, again), Action::Kill, now)
            }
            Event::Ended(exit) => {
                // What was told to end and starts anew has not failed, however it went.
                self.last_exit = (!again).then_some(exit);
                self.failures = 0;
                let next = if again {
                    State::Waiting
                } else {
                    State::Stopped
                };
                self.to(next, Action::None, now)
            }
            Event::Start | Event::Restart => self.to(stopping(kill_at, true), Action::None, now),
            Event::Stop => self.to(stopping(kill_at, false), Action::None, now),
            _ => (self, Action::None),
        }
    }

    fn at_rest(mut self, event: Event, now: Millis) -> (Self, Action) {
        match event {
            Event::Start | Event::Restart => {
                self.failures = 0;
                self.to(State::Waiting, Action::None, now)
            }
            Event::Stop => self.to(State::Stopped, Action::None, now),
            _ => (self, Action::None),
        }
    }

    /// When time alone changes something.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        match self.state {
            State::Pausing { until } => Some(until),
            State::Stopping { kill_at, .. } => kill_at,
            _ => None,
        }
    }

    /// Whether it has a process.
    pub(crate) fn runs(&self) -> bool {
        matches!(
            self.state,
            State::Starting { .. } | State::Ready { .. } | State::Stopping { .. }
        )
    }

    /// Whether those after it may start.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready { .. } | State::Completed)
    }

    fn to(mut self, state: State, action: Action, now: Millis) -> (Self, Action) {
        if state != self.state {
            self.since = now;
        }
        if action == Action::Spawn {
            self.starts = self.starts.saturating_add(1);
        }
        self.state = state;
        (self, action)
    }

    fn ended(self, exit: Exit, started: Millis, service: &Service, now: Millis) -> (Self, Action) {
        let again = match (service.restart.when, service.kind) {
            (RestartWhen::Never, _) => false,
            (RestartWhen::Always, Kind::Daemon) => true,
            (RestartWhen::OnFailure, _) | (RestartWhen::Always, Kind::OneShot) => {
                !exit.is_success()
            }
        };
        let stable = now.since(started) >= service.restart.stable_ms;
        let failures = if stable { 0 } else { self.failures };
        let state = match (again, exit.is_success()) {
            (true, _) => State::Pausing {
                until: now.plus(pause(service, failures)),
            },
            (false, true) => State::Completed,
            (false, false) => State::Failed,
        };
        let (mut machine, action) = self.to(state, Action::None, now);
        machine.failures = failures.saturating_add(1);
        machine.last_exit = Some(exit);
        (machine, action)
    }
}

impl From<State> for ServiceState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Starting { .. } => Self::Starting,
            State::Ready { .. } => Self::Ready,
            State::Completed => Self::Completed,
            State::Pausing { .. } => Self::Pausing,
            State::Stopping { .. } => Self::Stopping,
            State::Stopped => Self::Stopped,
            State::Failed => Self::Failed,
        }
    }
}

fn running(service: &Service, now: Millis) -> State {
    if service.kind == Kind::Daemon && service.ready == ReadyWhen::Started {
        State::Ready { since: now }
    } else {
        State::Starting { since: now }
    }
}

fn stopping(service: &Service, now: Millis, again: bool) -> State {
    State::Stopping {
        kill_at: Some(now.plus(service.stop_timeout_ms)),
        again,
    }
}

/// The first pause, doubled for each failure before, at most the longest.
fn pause(service: &Service, failures: u32) -> Millis {
    let factor = 1_u64.checked_shl(failures).unwrap_or(u64::MAX);
    Millis(
        service
            .restart
            .first_ms
            .0
            .saturating_mul(factor)
            .min(service.restart.longest_ms.0),
    )
}

#[cfg(test)]
mod tests;
