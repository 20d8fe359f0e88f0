//! The loop that PID 1 never leaves.

mod about;
mod apply;
mod deadlines;
mod take;
mod tell;

use super::configure::Runs;
use super::end::{self, End, Left};
use super::page::Page;
use super::requests::Requests;
use super::signals::Signals;
use super::wake::{Source, Wake};
use super::written::Written;
use crate::clock;
use crate::report::{Log, Phases};
use crate::supervise::{self, Groups, Supervisor};
use crate::uevent::Listener;
use crate::watchdog::Guard;
use about::About;
use deadlines::Deadlines;
use init_api::{BootRecord, Millis, Mode, Problem, Release, Services, paths};
use rustix::fs::inotify;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// After this the machine goes down even if a service still runs.
const END_LIMIT: Millis = Millis::seconds(60);
/// Services talk often: the page is looked at this often at most.
const SHOW: Millis = Millis::seconds(1);
/// In maintenance mode a new disk or stick is looked at this long after the last news about disks.
const QUIET: Millis = Millis::seconds(2);

/// What the phases found.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) boot: Option<BootRecord>,
    pub(super) notes: Vec<String>,
    /// Keeps the machine in maintenance mode whatever the configuration says.
    pub(super) problem: Option<Problem>,
    pub(super) release: Option<Release>,
}

/// PID 1 while the machine is up.
#[derive(Debug)]
pub(super) struct Server {
    log: Log,
    guard: Guard,
    phases: Phases,
    facts: Facts,
    wake: Wake,
    signals: Signals,
    devices: Listener,
    records: OwnedFd,
    requests: Requests,
    buttons: BTreeMap<u64, (String, File)>,
    groups: Groups,
    supervisor: Supervisor,
    /// The services in force, but for the configuration's run.
    base: Services,
    runs: Runs,
    mode: Mode,
    problem: Option<Problem>,
    about: About,
    page: Page,
    /// When the page was last compared with how things stand, and whether anything happened since.
    shown: Millis,
    stale: bool,
    disks_changed: Option<Millis>,
    config_written: Written,
    end: Option<(End, Millis)>,
}

impl Server {
    /// Opens everything that wakes PID 1.
    pub(super) fn open(log: Log, guard: Guard, phases: Phases, facts: Facts) -> io::Result<Self> {
        let groups = Groups::at(Path::new("/sys/fs/cgroup"));
        let records =
            inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        let changes = inotify::WatchFlags::MOVED_TO
            | inotify::WatchFlags::CLOSE_WRITE
            | inotify::WatchFlags::DELETE;
        fs::create_dir_all("/run/holdfast")?;
        inotify::add_watch(&records, "/run/holdfast", changes)?;
        // Blocks the signals, before there is a thread that could take one.
        let signals = Signals::open()?;
        let server = Self {
            supervisor: Supervisor::new(groups.clone(), Path::new(paths::LOGS))?,
            wake: Wake::new()?,
            signals,
            devices: Listener::open()?,
            requests: Requests::open(Path::new(paths::SOCKET))?,
            records,
            groups,
            log,
            guard,
            phases,
            problem: facts.problem.clone(),
            facts,
            buttons: BTreeMap::new(),
            base: supervise::early(Path::new(paths::EARLY_SERVICES)),
            runs: Runs::default(),
            mode: Mode::Booting,
            about: About::default(),
            page: Page::default(),
            shown: Millis(0),
            stale: true,
            disks_changed: None,
            config_written: Written::default(),
            end: None,
        };
        server.wake.watch(&server.signals, Source::Signals)?;
        server.wake.watch(&server.devices, Source::Devices)?;
        server.wake.watch(&server.records, Source::Records)?;
        server.wake.watch(&server.requests, Source::Listener)?;
        Ok(server)
    }

    /// Starts the early services and the configuration, and serves until the machine goes down.
    pub(super) fn serve(mut self) -> ! {
        self.supervisor.set(&self.base.clone(), &self.log);
        self.runs.want();
        self.look_for_buttons();
        loop {
            self.advance();
            let sources = self.wake.wait(self.patience().into());
            match sources {
                Ok(sources) => sources.into_iter().for_each(|source| self.take(source)),
                Err(error) => self.log.error(&format!("cannot wait for events: {error}")),
            }
        }
    }

    /// Everything that time and the services' standing make due.
    fn advance(&mut self) {
        let now = clock::since_kernel_start();
        self.guard.feed();
        self.supervisor.tick(&self.log);
        self.advance_configuration(now);
        for number in self.supervisor.fresh_pipes() {
            if let Some(pipe) = self.supervisor.pipe(number)
                && let Err(error) = self.wake.watch(pipe, Source::Output(number))
            {
                self.log
                    .error(&format!("cannot watch a service's output: {error}"));
            }
        }
        if let Some((end, since)) = self.end
            && (self.supervisor.is_quiet() || now.since(since) >= END_LIMIT)
        {
            let left = Left {
                boot: self.facts.boot.as_ref(),
                groups: &self.groups,
                logs: self.supervisor.close_logs(),
            };
            end::leave(end, left, &self.log, &mut self.guard);
        }
        if now.since(self.shown) >= SHOW {
            self.shown = now;
            self.stale = false;
            self.draw();
        }
    }

    fn patience(&self) -> Millis {
        let page = self
            .stale
            .then(|| self.shown.plus(SHOW))
            .or(self.page.deadline());
        let deadlines = Deadlines {
            services: self.supervisor.deadline(),
            page,
            runs: self.runs.deadline(),
            disks: self.disks_changed.map(|at| at.plus(QUIET)),
        };
        let interval = Millis::from(self.guard.interval());
        deadlines.patience(clock::since_kernel_start(), self.end.is_some(), interval)
    }
}
