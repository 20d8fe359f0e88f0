//! The loop that PID 1 never leaves.

use super::configure::{self, Outcome, Runs, Step};
use super::end::{self, End};
use super::requests::Requests;
use super::signals::{self, Meaning, Signals};
use super::wake::{Source, Wake};
use super::{page, power_button};
use crate::clock;
use crate::report::{Log, Phases};
use crate::supervise::{self, Event, Groups, State, Supervisor};
use crate::uevent::Listener;
use crate::watchdog::Guard;
use init_api::{
    BootRecord, Millis, Mode, NodeState, Problem, Release, Request, Response, Service, ServiceName,
    Services, Status, paths,
};
use rustix::fs::inotify;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// After this the machine goes down even if a service still runs.
const END_LIMIT: Millis = Millis::seconds(60);
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
    page: String,
    disks_changed: Option<Millis>,
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
            base: supervise::early(),
            runs: Runs::default(),
            mode: Mode::Booting,
            node: None,
            page: String::new(),
            disks_changed: None,
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
        self.draw();
    }

    fn patience(&self) -> Millis {
        let now = clock::since_kernel_start();
        let disks = self.disks_changed.map(|at| at.plus(QUIET));
        let due = [self.supervisor.deadline(), self.runs.deadline(), disks]
            .into_iter()
            .flatten()
            .min();
        let interval = Millis::from(self.guard.interval());
        due.map_or(interval, |due| due.since(now).min(interval))
    }

    fn take(&mut self, source: Source) {
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

    fn answer(&mut self, request: Request) -> Response {
        match request {
            Request::Status => Response::Status {
                status: Box::new(self.status()),
            },
            _ if self.end.is_some() => Response::Refused {
                reason: "the machine is going down".into(),
            },
            Request::Start { service } => self.wish(&service, Event::Start),
            Request::Stop { service } => self.wish(&service, Event::Stop),
            Request::Restart { service } => self.wish(&service, Event::Restart),
            Request::Reconfigure => Response::Reconfiguring {
                generation: self.runs.want(),
            },
            Request::Reboot => {
                self.begin_end(End::Reboot);
                Response::Accepted
            }
            Request::PowerOff => {
                self.begin_end(End::PowerOff);
                Response::Accepted
            }
        }
    }

    fn wish(&mut self, name: &ServiceName, event: Event) -> Response {
        if self.supervisor.wish(name, event, &self.log) {
            return Response::Accepted;
        }
        let known: Vec<_> = self
            .supervisor
            .status()
            .iter()
            .map(|s| s.name.to_string())
            .collect();
        Response::Refused {
            reason: format!("there is no service {name}; there are {}", known.join(", ")),
        }
    }

    fn begin_end(&mut self, end: End) {
        if self.end.is_none() {
            self.log
                .line(&format!("{} was asked for; ending services", end.name()));
            self.mode = Mode::ShuttingDown;
            self.end = Some((end, clock::since_kernel_start()));
            self.supervisor.begin_end(&self.log);
        }
    }

    fn advance_configuration(&mut self, now: Millis) {
        if self.end.is_some() {
            return;
        }
        if self.disks_changed.is_some_and(|at| now.since(at) >= QUIET) {
            self.disks_changed = None;
            if self.mode == Mode::Maintenance {
                self.runs.want();
            }
        }
        match self.supervisor.state(&configure::name()) {
            Some(State::Completed) => self.take_outcome(true, now),
            Some(State::Failed | State::Stopped) => self.take_outcome(false, now),
            _ => {}
        }
        match self.runs.step(now) {
            Step::None => {}
            Step::Stop => {
                self.supervisor
                    .wish(&configure::name(), Event::Stop, &self.log);
            }
            Step::Start => self.start_configuration(),
        }
    }

    fn start_configuration(&mut self) {
        if self.mode == Mode::Booting {
            self.phases.begin("configure");
        }
        // What stands there is about the run before.
        if let Err(error) = fs::remove_file(paths::PROBLEM)
            && error.kind() != io::ErrorKind::NotFound
        {
            self.log
                .error(&format!("cannot remove {}: {error}", paths::PROBLEM));
        }
        self.enforce();
        self.supervisor
            .wish(&configure::name(), Event::Start, &self.log);
    }

    fn take_outcome(&mut self, good: bool, now: Millis) {
        let Some(outcome) = self.runs.end(good, now) else {
            return;
        };
        if self.mode == Mode::Booting {
            self.phases.end(&self.log);
        }
        let services = match outcome {
            Outcome::Good => configured_services(),
            Outcome::Bad | Outcome::Late => Err(told_problem(outcome)),
        };
        match (services, self.facts.problem.clone()) {
            (Ok(services), None) => {
                self.problem = None;
                self.mode = Mode::Running;
                self.base = services;
            }
            (Ok(services), Some(problem)) => {
                self.problem = Some(problem);
                self.mode = Mode::Maintenance;
                self.base = for_maintenance(services);
            }
            (Err(problem), lasting) => {
                self.log
                    .error(&format!("{}: {}", problem.title, problem.text));
                self.problem = Some(lasting.unwrap_or(problem));
                // What runs by an older, good configuration runs on.
                if self.mode != Mode::Running {
                    self.mode = Mode::Maintenance;
                    self.base = supervise::standard();
                }
            }
        }
        self.enforce();
    }

    /// Brings the services in line with those in force.
    fn enforce(&mut self) {
        let services = self
            .base
            .iter()
            .cloned()
            .chain([configure::service()])
            .collect();
        match Services::new(services) {
            Ok(services) => self.supervisor.set(&services, &self.log),
            Err(error) => self.log.error(&error.to_string()),
        }
    }

    fn status(&self) -> Status {
        let text = |value: &std::ffi::CStr| value.to_string_lossy().into_owned();
        let kernel = rustix::system::uname();
        let mut notes = self.facts.notes.clone();
        if self.guard.about().is_none() {
            notes.push(
                "this machine has no hardware watchdog: it cannot reset itself if it hangs".into(),
            );
        }
        Status {
            mode: self.mode,
            version: self
                .facts
                .release
                .as_ref()
                .map(|r| r.version.clone())
                .unwrap_or_default(),
            kernel: text(kernel.release()),
            hostname: text(kernel.nodename()),
            uptime_ms: clock::since_kernel_start(),
            boot: self.facts.boot.clone(),
            phases: self.phases.list().to_vec(),
            services: self.supervisor.status(),
            configuration: self.runs.status(),
            problem: self.problem.clone(),
            node: self.node.clone(),
            notes,
        }
    }

    /// Draws the page when what it says has changed.
    fn draw(&mut self) {
        if self.mode == Mode::Booting {
            return;
        }
        let page = page::render(&self.status());
        if page != self.page {
            self.log.page(&page);
            self.page = page;
        }
    }
}

/// What `node configure` left for PID 1, over the built-in services.
fn configured_services() -> Result<Services, Problem> {
    let wrong = |text: String| Problem {
        text,
        ..configure::unexplained(Outcome::Good)
    };
    let services: Services = init_api::load(paths::SERVICES).map_err(|error| {
        let why = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        wrong(format!("{error}: {why}"))
    })?;
    supervise::standard()
        .overlaid(services)
        .map_err(|error| wrong(error.to_string()))
}

/// The run's own word about what is wrong, or the little that can be said without it.
fn told_problem(outcome: Outcome) -> Problem {
    match (outcome, init_api::load_if_present(paths::PROBLEM)) {
        (Outcome::Bad, Ok(Some(problem))) => problem,
        _ => configure::unexplained(outcome),
    }
}

/// Only what may run in maintenance mode, without ties to what may not.
fn for_maintenance(services: Services) -> Services {
    let kept: Vec<Service> = services
        .into_vec()
        .into_iter()
        .filter(|s| s.in_maintenance)
        .collect();
    let names: Vec<ServiceName> = kept.iter().map(|s| s.name.clone()).collect();
    let untied = kept.into_iter().map(|mut service| {
        service.after.retain(|name| names.contains(name));
        service
    });
    Services::new(untied.collect()).unwrap_or_else(|_| supervise::standard())
}
