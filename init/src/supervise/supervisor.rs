//! Does what the machines decide: starts, stops, kills and reaps processes, and takes their output.

mod change;

use super::logs::Logs;
use super::pipes::{Output, Pipes};
use super::unit::Unit;
use super::{Action, Event, Groups, State, launch, ready};
use crate::clock::{self, Clock};
use crate::report::Log;
use init_api::{Described, Exit, Kind, Millis, Service, ServiceName, ServiceStatus};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::rc::Rc;
use std::thread::JoinHandle;

/// Signs of readiness are looked for this often while a service starts.
const LOOK: Millis = Millis(100);

/// Keeps services.
#[derive(Debug)]
pub(crate) struct Supervisor {
    units: Vec<Unit>,
    groups: Groups,
    logs: Logs,
    pipes: Pipes,
    clock: Rc<dyn Clock>,
    /// On the way down: what has stopped stays so.
    ending: bool,
}

impl Supervisor {
    /// Keeps nothing yet; logs go to `logs`, by a thread that inherits the caller's signal mask.
    ///
    /// # Errors
    /// The thread cannot be made.
    pub(crate) fn new(groups: Groups, logs: &Path, clock: Rc<dyn Clock>) -> io::Result<Self> {
        Ok(Self {
            units: Vec::new(),
            groups,
            logs: Logs::open(logs)?,
            pipes: Pipes::default(),
            clock,
            ending: false,
        })
    }

    /// Does what somebody asks for a service; false if there is no such service.
    pub(crate) fn request(&mut self, name: &ServiceName, event: Event, log: &Log) -> bool {
        let Some(index) = self.find(name) else {
            return false;
        };
        self.event(index, event, log);
        self.settle(log);
        true
    }

    /// Takes note of an ended process; tells whether it was a service's.
    pub(crate) fn ended(&mut self, pid: u32, exit: Exit, log: &Log) -> bool {
        let Some(index) = self.units.iter().position(|unit| unit.pid == Some(pid)) else {
            return false;
        };
        self.end(index, exit, log);
        self.settle(log);
        true
    }

    /// Time passed, or something may have become ready.
    pub(crate) fn tick(&mut self, log: &Log) {
        for index in 0..self.units.len() {
            self.event(index, Event::Tick, log);
        }
        self.settle(log);
    }

    /// When [`Supervisor::tick`] is wanted at the latest.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        let starting = self.units.iter().any(|u| {
            matches!(u.machine.state, State::Starting { .. }) && u.service.kind == Kind::Daemon
        });
        let look = starting.then(|| self.clock.now().plus(LOOK));
        self.units
            .iter()
            .filter_map(|u| u.machine.deadline())
            .chain(look)
            .min()
    }

    /// Stops everything, those first that nothing comes after; call [`Supervisor::tick`] until [`Supervisor::is_quiet`].
    pub(crate) fn begin_end(&mut self, log: &Log) {
        self.ending = true;
        self.settle(log);
    }

    /// How long those that are stopped before all others may take.
    pub(crate) fn first_stop_timeout(&self) -> Millis {
        let first = self.units.iter().filter(|unit| unit.service.stops_first);
        let timeouts = first.map(|unit| unit.service.stop_timeout_ms);
        timeouts.max().unwrap_or_default()
    }

    /// Whether no service has a process.
    pub(crate) fn is_quiet(&self) -> bool {
        self.units.iter().all(|unit| !unit.machine.runs())
    }

    /// Numbers of the output pipes that were opened since the last call, to be watched.
    pub(crate) fn fresh_pipes(&mut self) -> Vec<u64> {
        self.pipes.take_fresh()
    }

    /// An output pipe that is still open.
    pub(crate) fn pipe(&self, number: u64) -> Option<BorrowedFd<'_>> {
        self.pipes.get(number)
    }

    /// Takes what has come out of a pipe; false when it is at its end and need not be watched any more.
    pub(crate) fn read_output(&mut self, number: u64) -> bool {
        match self.pipes.take(number) {
            Output::Bytes(service, bytes) => {
                if let Some(index) = self.find(&service) {
                    self.units[index].tail.push(&bytes);
                }
                self.logs.take(service, bytes, clock::wall_millis());
                true
            }
            Output::Nothing => true,
            Output::End => false,
        }
    }

    /// Takes the services' last words and lets go of the logs; gives the thread that writes them to their end.
    pub(crate) fn close_logs(&mut self) -> Option<JoinHandle<()>> {
        for number in self.pipes.numbers() {
            self.read_output(number);
        }
        self.logs.close()
    }

    /// How all services stand.
    pub(crate) fn status(&self) -> Vec<ServiceStatus> {
        let now = self.clock.now();
        self.units
            .iter()
            .map(|unit| unit.status(self.waiting_for(&unit.service), now))
            .collect()
    }

    /// How all services are described.
    pub(crate) fn described(&self) -> Vec<Described> {
        let described = |unit: &Unit| Described {
            service: unit.service.clone(),
            pid: unit.pid,
        };
        self.units.iter().map(described).collect()
    }

    /// How one service stands.
    pub(crate) fn state(&self, name: &ServiceName) -> Option<State> {
        self.find(name).map(|index| self.units[index].machine.state)
    }

    fn find(&self, name: &ServiceName) -> Option<usize> {
        self.units
            .iter()
            .position(|unit| unit.service.name == *name)
    }

    fn waiting_for(&self, service: &Service) -> Vec<ServiceName> {
        let ready = |name: &&ServiceName| {
            self.find(name)
                .is_some_and(|index| self.units[index].machine.is_ready())
        };
        service
            .after
            .iter()
            .filter(|name| !ready(name))
            .cloned()
            .collect()
    }

    /// Lets everything happen that can happen now.
    fn settle(&mut self, log: &Log) {
        loop {
            self.change_descriptions();
            let next = (0..self.units.len()).find_map(|index| Some((index, self.due(index)?)));
            let Some((index, event)) = next else { return };
            self.event(index, event, log);
        }
    }

    /// What is due for a service by the others' or its own standing.
    fn due(&self, index: usize) -> Option<Event> {
        let unit = &self.units[index];
        match unit.machine.state {
            _ if self.ending => {
                let needed = |other: &Unit| {
                    let after = other.service.after.contains(&unit.service.name);
                    let first = unit.service.stops_first;
                    other.machine.runs() && !first && (after || other.service.stops_first)
                };
                let stops = matches!(
                    unit.machine.state,
                    State::Stopping { again: false, .. } | State::Stopped
                );
                let rests = matches!(unit.machine.state, State::Completed | State::Failed);
                (!stops && !rests && !self.units.iter().any(needed)).then_some(Event::Stop)
            }
            State::Waiting if !unit.leaving && self.waiting_for(&unit.service).is_empty() => {
                Some(Event::Free)
            }
            State::Starting { .. }
                if unit.service.kind == Kind::Daemon && ready::is_seen(&unit.service.ready) =>
            {
                Some(Event::LooksReady)
            }
            _ => None,
        }
    }

    fn event(&mut self, index: usize, event: Event, log: &Log) {
        let now = self.clock.now();
        let unit = &mut self.units[index];
        let before = unit.machine.state;
        let (machine, action) = unit.machine.next(event, &unit.service, now);
        unit.machine = machine;
        match action {
            Action::None => {}
            Action::Spawn => self.spawn(index, log),
            Action::Terminate => unit.terminate(log),
            Action::Kill => unit.kill(&self.groups, log),
        }
        self.units[index].announce(before, log);
    }

    fn spawn(&mut self, index: usize, log: &Log) {
        let unit = &mut self.units[index];
        log.line(&format!("service {} started", unit.service.name));
        match launch::launch(&unit.service, &self.groups) {
            Ok((pid, file)) => {
                unit.pid = Some(pid);
                self.pipes.add(&unit.service.name, file);
            }
            Err(error) => {
                let errno = error
                    .raw_os_error()
                    .unwrap_or(rustix::io::Errno::INVAL.raw_os_error());
                log.line(&format!(
                    "service {} cannot start {}: {error}",
                    unit.service.name, unit.service.command[0]
                ));
                self.end(index, Exit::NotStarted(errno), log);
            }
        }
    }

    fn end(&mut self, index: usize, exit: Exit, log: &Log) {
        self.units[index].clear(exit, &self.groups, log);
        self.event(index, Event::Ended(exit), log);
    }
}

#[cfg(test)]
mod tests;
