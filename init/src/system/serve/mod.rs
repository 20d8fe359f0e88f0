//! The loop that PID 1 never leaves.

mod apply;
mod tell;

use super::configure::Runs;
use super::end::{self, End};
use super::page::Page;
use super::power_button;
use super::requests::Requests;
use super::signals::{self, Meaning, Signals};
use super::wake::{Source, Wake};
use super::written::Written;
use crate::clock;
use crate::report::{Log, Phases};
use crate::supervise::{self, Groups, Supervisor};
use crate::uevent::Listener;
use crate::watchdog::Guard;
use init_api::{BootRecord, Millis, Mode, NodeState, Problem, Release, Response, Services, paths};
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
    node: Option<NodeState>,
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
        let changes = inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::CLOSE_WRITE;
        fs::create_dir_all("/run/holdfast")?;
        inotify::add_watch(&records, "/run/holdfast", changes)?;
        let server = Self {
            supervisor: Supervisor::new(groups.clone(), Path::new(paths::LOGS)),
            wake: Wake::new()?,
            signals: Signals::open()?,
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
            node: None,
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
            end::leave(end, &self.groups, &self.log, &mut self.guard);
        }
        if now.since(self.shown) >= SHOW {
            self.shown = now;
            self.stale = false;
            self.draw();
        }
    }

    fn patience(&self) -> Millis {
        let now = clock::since_kernel_start();
        let disks = self.disks_changed.map(|at| at.plus(QUIET));
        let page = self
            .stale
            .then(|| self.shown.plus(SHOW))
            .or(self.page.deadline());
        let deadlines = [
            self.supervisor.deadline(),
            self.runs.deadline(),
            page,
            disks,
        ];
        let due = deadlines.into_iter().flatten().min();
        let interval = Millis::from(self.guard.interval());
        due.map_or(interval, |due| due.since(now).min(interval))
    }

    fn take(&mut self, source: Source) {
        self.stale = true;
        match source {
            Source::Signals => self.take_signals(),
            Source::Devices => self.take_devices(),
            Source::Records => self.take_records(),
            Source::Listener => {
                if let Some(number) = self.requests.accept()
                    && let Some(client) = self.requests.client(number)
                    && let Err(error) = self.wake.watch(client, Source::Client(number))
                {
                    self.log
                        .error(&format!("cannot listen to a client: {error}"));
                }
            }
            Source::Client(number) => {
                for request in self.requests.read(number) {
                    let response = match request {
                        Ok(request) => self.answer(request),
                        Err(reason) => Response::Refused { reason },
                    };
                    self.requests.answer(number, &response);
                }
            }
            Source::Output(number) => {
                self.supervisor.take_output(number);
            }
            Source::Button(number) => self.take_button(number),
        }
    }

    fn take_signals(&mut self) {
        while let Some(meaning) = self.signals.next() {
            match meaning {
                Meaning::ChildEnded => {
                    while let Some((pid, exit)) = signals::reap() {
                        self.supervisor.ended(pid, exit, &self.log);
                    }
                }
                Meaning::Reboot => self.begin_end(End::Reboot),
                Meaning::PowerOff => self.begin_end(End::PowerOff),
            }
        }
    }

    fn take_devices(&mut self) {
        while let Some(event) = self.devices.next() {
            if event.brings_block_device() && self.mode == Mode::Maintenance {
                self.disks_changed = Some(clock::since_kernel_start());
            }
            if event.subsystem == "input" && event.action == "add" {
                self.look_for_buttons();
            }
            if event.subsystem == "watchdog" && event.action == "add" {
                self.arm_watchdog();
            }
        }
    }

    fn arm_watchdog(&mut self) {
        match self.guard.arm(Path::new("/dev")) {
            Ok(true) => self.log.line("watchdog armed"),
            Ok(false) => {}
            Err(error) => self.log.error(&format!("cannot arm the watchdog: {error}")),
        }
    }

    fn look_for_buttons(&mut self) {
        for (name, file) in power_button::find(Path::new("/sys"), Path::new("/dev")) {
            if self.buttons.values().any(|(known, _)| *known == name) {
                continue;
            }
            let number = self.buttons.keys().next_back().map_or(0, |last| last + 1);
            if self.wake.watch(&file, Source::Button(number)).is_ok() {
                self.buttons.insert(number, (name, file));
            }
        }
    }

    fn take_button(&mut self, number: u64) {
        let pressed = self
            .buttons
            .get(&number)
            .map(|(_, file)| power_button::is_pressed(file));
        match pressed {
            Some(Some(true)) => self.begin_end(End::PowerOff),
            Some(None) => {
                self.buttons.remove(&number);
            }
            _ => {}
        }
    }

    /// The keeper's word about the node.
    fn take_records(&mut self) {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.records, &mut buffer);
        while reader.next().is_ok() {}
        let Ok(node) = init_api::load_if_present::<NodeState>(paths::NODE) else {
            return;
        };
        let was_ready = self.node.as_ref().is_some_and(|node| node.ready);
        let is_ready = node.as_ref().is_some_and(|node| node.ready);
        if is_ready && !was_ready {
            self.log.line("node Ready");
        } else if was_ready && !is_ready {
            let reason = node
                .as_ref()
                .map(|node| node.reason.clone())
                .unwrap_or_default();
            self.log.line(&format!("node not ready: {reason}"));
        }
        self.node = node;
    }
}
