//! A supervisor below a folder, and what PID 1's loop does for it.

use super::super::Supervisor;
use crate::clock::KernelClock;
use crate::report::Log;
use crate::supervise::Groups;
use init_api::{
    Exit, KillWhat, Millis, Service, ServiceName, ServiceState, ServiceStatus, Services,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{WaitOptions, wait};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What is waited for comes long before, also on a busy host.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("name")
}

/// A daemon that a shell runs; killed when it does not end at once.
pub(super) fn shell(text: &str, script: &str) -> Service {
    let service = Service::daemon(name(text), ["/bin/sh", "-c", script]);
    Service {
        kill: KillWhat::Main,
        stop_timeout_ms: Millis(300),
        ..service
    }
}

/// One that stays.
pub(super) fn steady(text: &str) -> Service {
    shell(text, "exec sleep 600")
}

pub(super) struct Stand {
    folder: tempfile::TempDir,
    pub(super) supervisor: Supervisor,
    pipes: BTreeSet<u64>,
    pub(super) log: Log,
}

impl Stand {
    /// Its control groups are plain files.
    pub(super) fn with_groups_of(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let groups = folder.path().join("groups");
        for name in names {
            let group = groups.join("system").join(name);
            fs::create_dir_all(&group).expect("folder");
            fs::write(group.join("cgroup.procs"), "").expect("as the kernel would");
        }
        let logs = folder.path().join("logs");
        let supervisor = Supervisor::new(Groups::at(&groups), &logs, Rc::new(KernelClock));
        Self {
            folder,
            supervisor: supervisor.expect("a thread for the logs"),
            pipes: BTreeSet::new(),
            log: Log::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn set(&mut self, services: &[Service]) {
        let services = Services::new(services.to_vec()).expect("valid");
        self.supervisor.set(&services, &self.log);
    }

    pub(super) fn status(&self, service: &str) -> Option<ServiceStatus> {
        let all = self.supervisor.status();
        all.into_iter().find(|s| s.name == name(service))
    }

    pub(super) fn pid(&self, service: &str) -> Option<u32> {
        self.status(service)?.pid
    }

    /// What PID 1's loop does, until the service stands so.
    pub(super) fn until(&mut self, service: &str, state: ServiceState) {
        let wanted = name(service);
        let what = format!("{service} is {state:?}");
        self.until_all(&what, |all| {
            all.iter().any(|s| s.name == wanted && s.state == state)
        });
    }

    /// What PID 1's loop does, until the condition holds.
    pub(super) fn until_all(&mut self, what: &str, holds: impl Fn(&[ServiceStatus]) -> bool) {
        let begin = Instant::now();
        while !holds(&self.supervisor.status()) {
            let status = self.supervisor.status();
            assert!(begin.elapsed() < PATIENCE, "{what}: {status:#?}");
            self.turn();
        }
    }

    /// The log is written by another thread, and services may still be about to speak.
    pub(super) fn until_log(&mut self, service: &str, holds: impl Fn(&str) -> bool) {
        let begin = Instant::now();
        while !holds(&self.log_of(service)) {
            let log = self.log_of(service);
            assert!(begin.elapsed() < PATIENCE, "{service}: {log:?}");
            self.turn();
        }
    }

    pub(super) fn end(&mut self) {
        self.supervisor.begin_end(&self.log);
        let begin = Instant::now();
        while !self.supervisor.is_quiet() {
            assert!(
                begin.elapsed() < PATIENCE,
                "{:#?}",
                self.supervisor.status()
            );
            self.turn();
        }
    }

    pub(super) fn log_of(&self, service: &str) -> String {
        let path = self.path().join("logs").join(format!("{service}.log"));
        fs::read_to_string(path).unwrap_or_default()
    }

    /// One round: ended processes, time, output.
    fn turn(&mut self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let code = status.exit_status().map(Exit::Code);
            let signal = status.terminating_signal().map(Exit::Signal);
            let exit = code.or(signal).expect("ended");
            let pid = pid.as_raw_nonzero().get().unsigned_abs();
            self.supervisor.ended(pid, exit, &self.log);
        }
        self.supervisor.tick(&self.log);
        self.pipes.extend(self.supervisor.fresh_pipes());
        let fds: Vec<_> = self
            .pipes
            .iter()
            .filter_map(|number| self.supervisor.pipe(*number))
            .collect();
        let mut polled: Vec<_> = fds
            .iter()
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .collect();
        let at_most = Timespec {
            tv_sec: 0,
            tv_nsec: 20_000_000,
        };
        poll(&mut polled, Some(&at_most)).expect("poll");
        let supervisor = &mut self.supervisor;
        self.pipes.retain(|number| supervisor.read_output(*number));
    }
}
