//! The loop that PID 1 stays in while the machine is up.

mod answer;
mod apply;
mod clock_notes;
mod deadlines;
mod events;
mod ready_note;
mod records;

use super::closed_state::{ClosedState, Look};
use super::config_writes::ConfigWrites;
use super::configure::Runs;
use super::end::Departure;
use super::last_boot;
use super::led::{Code, Led};
use super::next_start::Question;
use super::page::Page;
use super::requests::Requests;
use super::signals::Signals;
use super::trial::{self, Trial};
use super::wake::{Source, Wake};
use crate::clock::Clock;
use crate::report::{Log, Phases};
use crate::supervise::{BuiltIn, Groups, Supervisor};
use crate::uevent::Listener;
use crate::watchdog::Guard;
use clock_notes::ClockNotes;
use deadlines::Deadlines;
use init_api::{
    Asked, BootNote, BootRecord, Down, LastBoot, Millis, Mode, OrderlyEnd, Problem, Release, Root,
    Services, Standing, TrialLogs, UnconfirmedBoot, WhyUnconfirmed, paths,
};
use ready_note::ReadyNote;
use records::Records;
use rustix::fs::inotify;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;

/// After this, and what the services get that stop before all others, the machine goes down even if one still runs.
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

/// What the loop works with. A test gives it another root, another clock and other services than a machine has.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) root: Root,
    pub(super) clock: Rc<dyn Clock>,
    pub(super) built_in: BuiltIn,
}

/// PID 1 while the machine is up.
#[derive(Debug)]
pub(super) struct Server {
    root: Root,
    clock: Rc<dyn Clock>,
    built_in: BuiltIn,
    log: Log,
    guard: Guard,
    phases: Phases,
    facts: Facts,
    wake: Wake,
    signals: Signals,
    devices: Listener,
    record_changes: OwnedFd,
    requests: Requests,
    buttons: BTreeMap<u64, (String, File)>,
    groups: Groups,
    supervisor: Supervisor,
    /// The services in force, but for the configuration's run.
    base: Services,
    runs: Runs,
    mode: Mode,
    problem: Option<Problem>,
    records: Records,
    /// The node's standing as it was last told.
    standing: Option<Standing>,
    page: Page,
    /// When the page was last compared with how things stand, and whether anything happened since.
    shown: Millis,
    stale: bool,
    disks_changed: Option<Millis>,
    config_written: ConfigWrites,
    trial: Trial,
    /// How the trial ended, if nobody confirmed this boot.
    unconfirmed: Option<UnconfirmedBoot>,
    clock_notes: ClockNotes,
    closed_state: ClosedState,
    led: Led,
    /// How the boot before this one ended.
    last_boot: Option<LastBoot>,
    ready_note: ReadyNote,
    end: Option<Going>,
}

/// The machine goes down.
#[derive(Debug, Clone)]
struct Going {
    down: Down,
    asked: Asked,
    since: Millis,
}

impl Server {
    /// Opens everything that wakes PID 1.
    pub(super) fn open(
        setting: Setting,
        log: Log,
        guard: Guard,
        phases: Phases,
        facts: Facts,
    ) -> io::Result<Self> {
        let Setting {
            root,
            clock,
            built_in,
        } = setting;
        let groups = Groups::at(&root.path("/sys/fs/cgroup"));
        let record_changes = watch_records(&root.path(paths::RUN))?;
        // Blocks the signals, before there is a thread that could take one.
        let signals = Signals::open()?;
        let server = Self {
            supervisor: Supervisor::new(
                groups.clone(),
                &root.path(paths::LOGS),
                Rc::clone(&clock),
            )?,
            wake: Wake::new()?,
            signals,
            devices: Listener::open()?,
            requests: Requests::open(&root.path(paths::SOCKET))?,
            record_changes,
            groups,
            log,
            guard,
            phases,
            problem: facts.problem.clone(),
            trial: Trial::new(facts.boot.as_ref().and_then(|boot| boot.trial.as_ref())),
            unconfirmed: None,
            facts,
            buttons: BTreeMap::new(),
            base: built_in.early_with(&root.path(paths::EARLY_SERVICES)),
            runs: Runs::default(),
            mode: Mode::Booting,
            records: Records::default(),
            standing: None,
            page: Page::default(),
            shown: Millis(0),
            stale: true,
            disks_changed: None,
            config_written: ConfigWrites::default(),
            led: Led::named_by(
                &fs::read_to_string(root.path("/proc/cmdline")).unwrap_or_default(),
                &root.path("/sys"),
            ),
            clock_notes: ClockNotes::new(root.path(paths::CLOCK)),
            closed_state: ClosedState::new(&Look::at(&root)),
            last_boot: last_boot::told(&root),
            ready_note: ReadyNote::default(),
            end: None,
            root,
            clock,
            built_in,
        };
        server.wake.watch(&server.signals, Source::Signals)?;
        server.wake.watch(&server.devices, Source::Devices)?;
        server.wake.watch(&server.record_changes, Source::Records)?;
        server.wake.watch(&server.requests, Source::Listener)?;
        Ok(server)
    }

    /// Starts the early services and the configuration, and serves until the services have ended and the machine can
    /// go down.
    pub(super) fn serve(mut self) -> Departure {
        self.supervisor.set(&self.base.clone(), &self.log);
        self.runs.want();
        self.find_buttons();
        loop {
            if let Some(going) = self.advance() {
                return self.depart(going);
            }
            let sources = self.wake.wait(self.patience().into());
            match sources {
                Ok(sources) => sources.into_iter().for_each(|source| self.handle(source)),
                Err(error) => self.log.error(&format!("cannot wait for events: {error}")),
            }
        }
    }

    /// Everything that time and the services' standing make due; how the machine goes down, once it can.
    fn advance(&mut self) -> Option<Going> {
        let now = self.clock.now();
        self.guard.feed();
        self.advance_trial(trial::Event::Tick);
        self.supervisor.tick(&self.log);
        self.advance_configuration(now);
        self.clock_notes.advance(now, self.facts.release.as_ref());
        self.advance_closed_state(now);
        self.announce_node(now);
        self.show_code();
        for number in self.supervisor.fresh_pipes() {
            if let Some(pipe) = self.supervisor.pipe(number)
                && let Err(error) = self.wake.watch(pipe, Source::Output(number))
            {
                self.log
                    .error(&format!("cannot watch a service's output: {error}"));
            }
        }
        let limit = END_LIMIT.plus(self.supervisor.first_stop_timeout());
        if let Some(going) = &self.end
            && (self.supervisor.is_quiet() || now.since(going.since) >= limit)
        {
            return Some(going.clone());
        }
        if now.since(self.shown) >= SHOW {
            self.shown = now;
            self.stale = false;
            self.draw();
        }
        None
    }

    fn show_code(&mut self) {
        let ready = matches!(self.standing, Some(Standing::Ready { .. }));
        let on_trial = self.trial.deadline().is_some();
        self.led.show(Code::of(self.mode, on_trial, ready));
    }

    fn depart(mut self, going: Going) -> Departure {
        let Going { down, asked, .. } = going;
        let unconfirmed = self.unconfirmed.take();
        let boot = self.facts.boot.as_ref();
        let release = self.facts.release.as_ref();
        let version = release.map_or("", |release| &release.version);
        let next = Question::new(&self.root, boot, version, unconfirmed.as_ref());
        let (ready, ready_note) = self.ready_note.end();
        let note = BootNote {
            version: version.to_owned(),
            root_hash: boot.map(|boot| boot.root_hash.clone()).unwrap_or_default(),
            ready,
            end: Some(OrderlyEnd {
                down,
                asked,
                at_ms: self.clock.now(),
            }),
        };
        Departure {
            end: down,
            ready_note,
            trial_logs: unconfirmed
                .as_ref()
                .filter(|record| record.why == WhyUnconfirmed::TimedOut)
                .map(|_| TrialLogs::of(&self.root)),
            next: next.filter(|_| down == Down::Reboot),
            note: Some((self.root.path(paths::BOOT_NOTE), note)),
            record: unconfirmed.map(|record| (self.root.path(paths::UNCONFIRMED_BOOT), record)),
            clock: self.clock_notes.last(self.facts.release.as_ref()),
            boot: self.facts.boot,
            groups: self.groups,
            logs: self.supervisor.close_logs(),
            log: self.log,
            guard: self.guard,
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
            trial: self.trial.deadline(),
            closed_state: self.closed_state.deadline(),
            runs: self.runs.deadline(),
            disks: self.disks_changed.map(|at| at.plus(QUIET)),
        };
        let interval = Millis::from(self.guard.interval());
        deadlines.patience(self.clock.now(), self.end.is_some(), interval)
    }
}

/// Hears of every record that others write to `folder`.
fn watch_records(folder: &Path) -> io::Result<OwnedFd> {
    let changes = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    let wanted = inotify::WatchFlags::MOVED_TO
        | inotify::WatchFlags::CLOSE_WRITE
        | inotify::WatchFlags::DELETE;
    fs::create_dir_all(folder)?;
    inotify::add_watch(&changes, folder, wanted)?;
    Ok(changes)
}

#[cfg(test)]
mod tests;
