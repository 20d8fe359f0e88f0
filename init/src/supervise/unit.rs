//! One service with what belongs to it while PID 1 keeps it.

use super::tail::Tail;
use super::{Groups, Machine, State};
use crate::report::Log;
use init_api::{Exit, KillWhat, Millis, Service, ServiceName, ServiceStatus};
use rustix::process::{Pid, Signal, kill_process};

/// A service that is kept.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) service: Service,
    pub(super) machine: Machine,
    pub(super) pid: Option<u32>,
    /// The end of its output, over all its starts.
    pub(super) tail: Tail,
    /// A new description that takes the place of this one as soon as its process has ended.
    pub(super) next: Option<Service>,
    /// Forgotten as soon as its process has ended.
    pub(super) leaving: bool,
}

impl Unit {
    pub(super) fn new(service: Service, now: Millis) -> Self {
        Self {
            service,
            machine: Machine::new(now),
            pid: None,
            tail: Tail::default(),
            next: None,
            leaving: false,
        }
    }

    pub(super) fn status(&self, waiting_for: Vec<ServiceName>, now: Millis) -> ServiceStatus {
        let mut status = ServiceStatus {
            name: self.service.name.clone(),
            kind: self.service.kind,
            state: self.machine.state.into(),
            pid: self.pid,
            restarts: self.machine.starts.saturating_sub(1),
            last_exit: self.machine.last_exit,
            since_ms: self.machine.since,
            waiting_for,
            last_output: Vec::new(),
        };
        if status.is_failing(now) {
            status.last_output = self.tail.lines();
        }
        status
    }

    /// Asks the main process to end.
    pub(super) fn terminate(&self, log: &Log) {
        if let Some(Err(error)) = self.process().map(|pid| kill_process(pid, Signal::TERM)) {
            log.detail(&format!(
                "service {}: cannot send SIGTERM: {error}",
                self.service.name
            ));
        }
    }

    /// Kills what does not end.
    pub(super) fn kill(&self, groups: &Groups, log: &Log) {
        log.line(&format!(
            "service {} does not end and is killed",
            self.service.name
        ));
        if self.service.kill == KillWhat::Group && groups.kill(&self.service.name).is_ok() {
            return;
        }
        if let Some(pid) = self.process() {
            // It may have ended meanwhile; then its end is on its way to us.
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Its main process has ended: what that left behind must not meet the next start.
    pub(super) fn clear(&mut self, exit: Exit, groups: &Groups, log: &Log) {
        self.pid = None;
        let name = &self.service.name;
        log.line(&format!("service {name} exited with {exit}"));
        if self.service.kill == KillWhat::Group
            && let Err(error) = groups.kill(name)
        {
            log.detail(&format!(
                "service {name}: cannot end its remaining processes: {error}"
            ));
        }
    }

    /// Says how it stands now, if it stood otherwise before.
    pub(super) fn announce(&self, before: State, log: &Log) {
        let name = &self.service.name;
        match self.machine.state {
            now if before == now => {}
            State::Ready { .. } => log.line(&format!("service {name} ready")),
            State::Completed => log.line(&format!("service {name} completed")),
            State::Failed => log.line(&format!("service {name} failed and is not started again")),
            _ => {}
        }
    }

    fn process(&self) -> Option<Pid> {
        Pid::from_raw(self.pid?.cast_signed())
    }
}
