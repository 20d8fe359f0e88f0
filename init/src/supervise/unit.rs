//! One service with what belongs to it while PID 1 keeps it.

use super::{LogFile, Machine};
use init_api::{Millis, Service, ServiceName, ServiceStatus};
use std::path::Path;

/// A service that is kept.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) service: Service,
    pub(super) machine: Machine,
    pub(super) pid: Option<u32>,
    pub(super) log: LogFile,
    /// A new description that takes the place of this one as soon as its process has ended.
    pub(super) next: Option<Service>,
    /// Forgotten as soon as its process has ended.
    pub(super) leaving: bool,
}

impl Unit {
    pub(super) fn new(service: Service, logs: &Path, now: Millis) -> Self {
        Self {
            log: LogFile::new(logs, service.name.as_str()),
            service,
            machine: Machine::new(now),
            pid: None,
            next: None,
            leaving: false,
        }
    }

    pub(super) fn status(&self, waiting_for: Vec<ServiceName>) -> ServiceStatus {
        ServiceStatus {
            name: self.service.name.clone(),
            kind: self.service.kind,
            state: self.machine.state.into(),
            pid: self.pid,
            restarts: self.machine.starts.saturating_sub(1),
            last_exit: self.machine.last_exit,
            since_ms: self.machine.since,
            waiting_for,
        }
    }
}
