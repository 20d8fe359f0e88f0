//! A machine in a folder.

use super::super::super::end::Departure;
use super::super::{Facts, Server, Setting};
use crate::clock::Clock;
use crate::own_process::in_own_process;
use crate::report::{Log, Phases};
use crate::supervise::BuiltIn;
use crate::watchdog::Guard;
use init_api::{
    Client, KillWhat, Millis, Problem, Root, Service, ServiceName, ServiceState, Services, Stage,
    Status, paths,
};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What is waited for comes long before, also on a busy host.
const PATIENCE: Duration = Duration::from_secs(60);
/// There when [`Stand::held`]'s service is to be held.
const LISTENS: &str = "/listens";
/// There when it may end.
const LET_GO: &str = "/let-go";
/// The services that a test may have, whose groups the kernel would make.
const NAMES: [&str; 5] = ["configure", "base", "way-in", "app", "first"];

/// Begins at 0 and goes as time goes; a test sets it ahead.
#[derive(Debug, Clone)]
struct TestClock {
    begin: Instant,
    ahead: Arc<AtomicU64>,
}

impl Clock for TestClock {
    fn now(&self) -> Millis {
        Millis::from(self.begin.elapsed()).plus(Millis(self.ahead.load(Ordering::SeqCst)))
    }
}

/// A machine that has not started yet.
pub(super) struct Stand {
    folder: tempfile::TempDir,
    clock: TestClock,
    pub(super) facts: Facts,
}

/// Somebody at the machine while it runs.
pub(super) struct Person {
    root: Root,
    clock: TestClock,
}

pub(super) fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("name")
}

/// A daemon that a shell runs.
pub(super) fn shell(service: &str, script: &str) -> Service {
    let service = Service::daemon(name(service), ["/bin/sh", "-c", script]);
    Service {
        kill: KillWhat::Main,
        ..service
    }
}

impl Stand {
    /// Its configuration is good and names one service, `app`, which listens to the signal that ends services and goes on until
    /// [`Person::let_go`]; then it writes `app` to `/ended`.
    pub(super) fn held() -> Self {
        let stand = Self::new();
        let script = format!(
            "trap : TERM; touch {}; while ! [ -e {} ]; do sleep 0.05; done; echo app >> {}",
            stand.at(LISTENS).display(),
            stand.at(LET_GO).display(),
            stand.at("/ended").display()
        );
        stand.configured(&[Service {
            stop_timeout_ms: Millis::seconds(3600),
            ..shell("app", &script)
        }]);
        stand
    }

    /// Its configuration is good and names one service, `app`.
    pub(super) fn new() -> Self {
        let stand = Self {
            folder: tempfile::tempdir().expect("folder"),
            clock: TestClock {
                begin: Instant::now(),
                ahead: Arc::default(),
            },
            facts: Facts {
                boot: None,
                notes: Vec::new(),
                problem: None,
                release: None,
            },
        };
        for name in NAMES {
            let group = stand.at("/sys/fs/cgroup/system").join(name);
            fs::create_dir_all(&group).expect("folder");
            fs::write(group.join("cgroup.procs"), "").expect("as the kernel would");
        }
        for folder in ["/dev", "/usr/bin", "/sys/class/tty/console", paths::STATE] {
            fs::create_dir_all(stand.at(folder)).expect("folder");
        }
        fs::write(stand.at("/sys/class/tty/console/active"), "ttyS0\n").expect("written");
        fs::write(stand.at("/dev/ttyS0"), "").expect("written");
        stand.configure_by("exit 0");
        stand.configured(&[shell("app", "exec sleep 600")]);
        stand
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        Root::new(self.folder.path()).path(path)
    }

    /// What `holdfast node configure` does; its folder is `$ROOT`.
    pub(super) fn configure_by(&self, script: &str) {
        self.person().configure_by(script);
    }

    /// The services that the configuration has left.
    pub(super) fn configured(&self, services: &[Service]) {
        let services = Services::new(services.to_vec()).expect("they fit");
        init_api::store(self.at(paths::SERVICES), &services).expect("stored");
    }

    fn person(&self) -> Person {
        Person {
            root: Root::new(self.folder.path()),
            clock: self.clock.clone(),
        }
    }

    /// Runs the loop while a person does something, until the machine can go down.
    fn run(self, does: impl FnOnce(&Person) + Send + 'static) -> (Departure, tempfile::TempDir) {
        let person = self.person();
        let early = Services::new(vec![Service {
            in_maintenance: true,
            ..shell("base", "exec sleep 600")
        }]);
        let way_in = Service {
            in_maintenance: true,
            ..shell("way-in", "exec sleep 600")
        };
        let early = early.expect("they fit");
        let all: Vec<Service> = early.iter().cloned().chain([way_in]).collect();
        let setting = Setting {
            root: Root::new(self.folder.path()),
            clock: Rc::new(self.clock),
            built_in: BuiltIn {
                early,
                known: vec![shell("app", "exec sleep 600")],
                all: Services::new(all).expect("they fit"),
            },
        };
        let log = Log::open(&person.root.path("/dev"), &person.root.path("/sys"));
        let phases = Phases::new(Stage::System, Vec::new());
        let server = Server::open(setting, log, Guard::default(), phases, self.facts);
        let server = server.expect("it opens");
        let person = thread::spawn(move || does(&person));
        let departure = server.serve();
        person.join().expect("what the person expects");
        (departure, self.folder)
    }
}

/// Runs a machine in a process of its own while a person does something; `then` looks at how it goes down.
pub(super) fn on(
    make: impl FnOnce() -> Stand,
    does: impl FnOnce(&Person) + Send + 'static,
    then: impl FnOnce(Departure, &Root),
) {
    in_own_process(|| {
        let (mut departure, folder) = make().run(does);
        departure.write_record();
        departure.note_clock();
        then(departure, &Root::new(folder.path()));
    });
}

impl Person {
    /// Puts a network card into the machine.
    pub(super) fn plug(&self, name: &str) {
        let card = self.root.path("/sys/class/net").join(name);
        fs::create_dir_all(card.join("device")).expect("folder");
    }

    pub(super) fn ask(&self) -> Client {
        Client::connect(self.root.path(paths::SOCKET)).expect("PID 1 listens")
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.root.path(path)
    }

    pub(super) fn configure_by(&self, script: &str) {
        let program = self.at("/usr/bin/holdfast");
        let root = self.root.directory().display();
        // Replaced, not overwritten: the old one may be running.
        let fresh = program.with_extension("new");
        fs::write(&fresh, format!("#!/bin/sh\nROOT={root}\n{script}\n")).expect("written");
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).expect("runs");
        fs::rename(&fresh, &program).expect("replaced");
    }

    /// Until [`Stand::held`]'s service can be asked to end.
    pub(super) fn wait_until_it_listens(&self) {
        let listens = self.at(LISTENS);
        self.wait_for("it listens to signals", |_| listens.exists());
    }

    /// Lets [`Stand::held`]'s service end. Until then the machine that goes down does not get any further.
    pub(super) fn let_go(&self) {
        fs::write(self.at(LET_GO), "").expect("written");
    }

    /// The time since the machine's start.
    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Sets the clock ahead. PID 1 sees it when it wakes, so somebody must ask it something.
    pub(super) fn let_pass(&self, time: Millis) {
        self.clock.ahead.fetch_add(time.0, Ordering::SeqCst);
    }

    /// Asks for the status until it is as wanted; PID 1 has no message for the moment when it becomes so.
    pub(super) fn wait_for(&self, what: &str, wanted: impl Fn(&Status) -> bool) -> Status {
        let begin = Instant::now();
        let mut client = self.ask();
        loop {
            let status = client.status().expect("an answer");
            if wanted(&status) {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "{what}: {status:#?}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the serial console shows, once it shows this.
    pub(super) fn wait_for_console(&self, text: &str) -> String {
        let begin = Instant::now();
        loop {
            let shown = fs::read_to_string(self.at("/dev/ttyS0")).expect("a console");
            if shown.contains(text) {
                return shown;
            }
            assert!(begin.elapsed() < PATIENCE, "{text} is not in {shown}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

pub(super) fn problem() -> Problem {
    Problem::new("Nothing works", "line 3 is wrong", "mend it")
}

pub(super) fn state_of(status: &Status, service: &str) -> Option<ServiceState> {
    let found = status.services.iter().find(|s| s.name == name(service));
    found.map(|service| service.state)
}
