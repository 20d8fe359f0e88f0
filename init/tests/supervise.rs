//! The supervisor with real processes; its control groups are plain files.

use init::report::Log;
use init::supervise::{Event, Groups, State, Supervisor};
use init_api::{
    Exit, KillWhat, Millis, ReadyWhen, Restart, Service, ServiceName, ServiceState, Services,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{WaitOptions, wait};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("name")
}

fn shell(text: &str, script: &str) -> Service {
    let service = Service::daemon(name(text), ["/bin/sh", "-c", script]);
    Service {
        kill: KillWhat::Main,
        stop_timeout_ms: Millis(300),
        ..service
    }
}

struct Stand {
    folder: tempfile::TempDir,
    supervisor: Supervisor,
    pipes: BTreeSet<u64>,
    log: Log,
}

impl Stand {
    fn new(services: &[Service]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let groups = folder.path().join("groups");
        for service in services {
            let group = groups.join("system").join(service.name.as_str());
            fs::create_dir_all(&group).expect("folder");
            fs::write(group.join("cgroup.procs"), "").expect("as the kernel would");
        }
        let supervisor = Supervisor::new(Groups::at(&groups), &folder.path().join("logs"))
            .expect("a thread for the logs");
        Self {
            folder,
            supervisor,
            pipes: BTreeSet::new(),
            log: Log::default(),
        }
    }

    fn set(&mut self, services: &[Service]) {
        let services = Services::new(services.to_vec()).expect("valid");
        self.supervisor.set(&services, &self.log);
    }

    /// What PID 1's loop does, until the condition holds.
    fn until(&mut self, what: &str, condition: impl Fn(&Supervisor) -> bool) {
        let begin = Instant::now();
        while !condition(&self.supervisor) {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "{what}: {:#?}",
                self.supervisor.status()
            );
            while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
                let code = status.exit_status().map(Exit::Code);
                let exit = code
                    .or(status.terminating_signal().map(Exit::Signal))
                    .expect("ended");
                self.supervisor
                    .ended(pid.as_raw_nonzero().get().unsigned_abs(), exit, &self.log);
            }
            self.supervisor.tick(&self.log);
            self.pipes.extend(self.supervisor.fresh_pipes());
            self.drain();
        }
    }

    fn drain(&mut self) {
        let fds: Vec<_> = self
            .pipes
            .iter()
            .filter_map(|number| self.supervisor.pipe(*number))
            .collect();
        let mut polled: Vec<_> = fds
            .iter()
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .collect();
        let turn = Timespec {
            tv_sec: 0,
            tv_nsec: 20_000_000,
        };
        poll(&mut polled, Some(&turn)).expect("poll");
        let supervisor = &mut self.supervisor;
        self.pipes.retain(|number| supervisor.take_output(*number));
    }

    fn log_of(&self, service: &str) -> String {
        fs::read_to_string(
            self.folder
                .path()
                .join("logs")
                .join(format!("{service}.log")),
        )
        .unwrap_or_default()
    }

    /// The log is written by another thread, and services may still be about to speak.
    fn wait_for_log(&mut self, service: &str, end: &str) {
        let begin = Instant::now();
        while !self.log_of(service).ends_with(end) {
            assert!(
                begin.elapsed() < Duration::from_secs(10),
                "{service}: {:?}",
                self.log_of(service)
            );
            self.supervisor.tick(&self.log);
            self.pipes.extend(self.supervisor.fresh_pipes());
            self.drain();
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn is(service: &str, state: ServiceState) -> impl Fn(&Supervisor) -> bool {
    let service = name(service);
    move |supervisor| {
        supervisor
            .status()
            .iter()
            .any(|s| s.name == service && s.state == state)
    }
}

/// One test in this program: it reaps every child of the process.
#[test]
fn services_live_and_end() {
    starts_in_order_and_takes_output();
    restarts_what_ends_and_what_changes();
    a_change_taken_back_is_forgotten();
    last_words_are_kept();
    stops_the_stubborn_and_ends_in_reverse();
}

fn starts_in_order_and_takes_output() {
    let mut stand = Stand::new(&[shell("first", ""), shell("second", ""), shell("third", "")]);
    let sign = stand.path().join("sign");
    let first = shell(
        "first",
        &format!(
            "echo preparing; sleep 0.2; touch {}; exec sleep 60",
            sign.display()
        ),
    )
    .ready(ReadyWhen::PathExists { path: sign.clone() });
    let second = Service {
        kill: KillWhat::Main,
        ..Service::one_shot(
            name("second"),
            [
                "/bin/sh",
                "-c",
                &format!("test -e {} && echo in order", sign.display()),
            ],
        )
    }
    .after([name("first")]);
    let third = shell("third", "echo \"$GREETING\"; exec sleep 60")
        .after([name("second")])
        .env("GREETING", "hello");
    stand.set(&[third, second, first]);
    assert!(is("second", ServiceState::Waiting)(&stand.supervisor));
    assert_eq!(
        stand
            .supervisor
            .status()
            .iter()
            .find(|s| s.name == name("third"))
            .map(|s| s.waiting_for.clone()),
        Some(vec![name("second")])
    );
    stand.until("all run", is("third", ServiceState::Ready));
    stand.wait_for_log("first", "Z preparing\n");
    stand.wait_for_log("second", "Z in order\n");
    stand.wait_for_log("third", "Z hello\n");
    end(&mut stand);
}

/// A description that was changed and changed back while the old process still ended: the withdrawn one never runs.
fn a_change_taken_back_is_forgotten() {
    let slow = "trap 'sleep 0.2; exit 0' TERM; echo \"$SAYS\"; while :; do sleep 0.05; done";
    let old = shell("slow", slow).env("SAYS", "old");
    let withdrawn = shell("slow", slow).env("SAYS", "withdrawn");
    let mut stand = Stand::new(std::slice::from_ref(&old));
    stand.set(std::slice::from_ref(&old));
    stand.wait_for_log("slow", " old\n");
    stand.set(&[withdrawn]);
    assert!(is("slow", ServiceState::Stopping)(&stand.supervisor));
    stand.set(&[old]);
    stand.until("it runs anew", is("slow", ServiceState::Ready));
    let begin = Instant::now();
    while stand.log_of("slow").lines().count() < 2 && begin.elapsed() < Duration::from_secs(10) {
        stand.drain();
    }
    stand.wait_for_log("slow", " old\n");
    assert!(!stand.log_of("slow").contains("withdrawn"));
    end(&mut stand);
}

/// The last words of a service are in its log when the logs are closed, also those that PID 1 had not taken yet.
fn last_words_are_kept() {
    let service = shell("brief", "echo last words; exec sleep 60");
    let mut stand = Stand::new(std::slice::from_ref(&service));
    stand.set(&[service]);
    let pipe = stand.supervisor.fresh_pipes()[0];
    let fd = stand.supervisor.pipe(pipe).expect("open");
    poll(&mut [PollFd::new(&fd, PollFlags::IN)], None).expect("poll");
    let writer = stand.supervisor.close_logs().expect("logs");
    writer.join().expect("no panic");
    assert!(stand.log_of("brief").ends_with("Z last words\n"));
    end(&mut stand);
}

fn restarts_what_ends_and_what_changes() {
    let quick = Restart {
        first_ms: Millis(10),
        longest_ms: Millis(20),
        ..Restart::default()
    };
    let flaky = Service {
        restart: quick,
        ..shell("flaky", "exit 3")
    };
    let missing = Service {
        restart: Restart::never(),
        ..Service::daemon(name("missing"), ["/no/such/program"])
    };
    let steady = shell("steady", "exec sleep 60");
    let mut stand = Stand::new(&[flaky.clone(), missing.clone(), steady.clone()]);
    stand.set(&[flaky.clone(), missing.clone(), steady.clone()]);
    let restarts = |supervisor: &Supervisor| {
        supervisor
            .status()
            .iter()
            .find(|s| s.name == name("flaky"))
            .map_or(0, |s| s.restarts)
    };
    stand.until("three restarts", |supervisor| restarts(supervisor) >= 3);
    let status = stand.supervisor.status();
    let last = |service: &str| {
        status
            .iter()
            .find(|s| s.name == name(service))
            .and_then(|s| s.last_exit)
    };
    assert_eq!(
        (last("flaky"), last("missing")),
        (Some(Exit::Code(3)), Some(Exit::NotStarted(2)))
    );
    assert_eq!(
        stand.supervisor.state(&name("missing")),
        Some(State::Failed)
    );
    let pid = |supervisor: &Supervisor, service: &str| {
        supervisor
            .status()
            .iter()
            .find(|s| s.name == name(service))
            .and_then(|s| s.pid)
    };
    let before = pid(&stand.supervisor, "steady");
    stand.set(&[flaky.clone(), missing.clone(), steady.clone()]);
    let again = stand.supervisor.state(&name("missing"));
    assert_eq!(
        again,
        Some(State::Failed),
        "what is never started twice is not"
    );
    let mended = shell("flaky", "exec sleep 61");
    stand.set(&[mended.clone(), steady.clone()]);
    stand.until("the mended one runs", is("flaky", ServiceState::Ready));
    assert_eq!(
        pid(&stand.supervisor, "steady"),
        before,
        "what did not change runs on"
    );
    assert_eq!(
        stand.supervisor.state(&name("missing")),
        None,
        "what is gone is forgotten"
    );
    stand.set(&[mended, steady.env("NEW", "1")]);
    stand.until("the changed one runs anew", |supervisor| {
        let now = pid(supervisor, "steady");
        now.is_some() && now != before
    });
    end(&mut stand);
}

fn stops_the_stubborn_and_ends_in_reverse() {
    let mut stand = Stand::new(&[shell("base", ""), shell("top", ""), shell("stubborn", "")]);
    let file = stand.path().join("order");
    let trapping = |service: &str| {
        let script = format!(
            "trap 'echo {service} >> {}; exit 0' TERM; echo up; while :; do sleep 0.05; done",
            file.display()
        );
        shell(service, &script)
    };
    let stubborn = shell(
        "stubborn",
        "trap '' TERM; echo up; while :; do sleep 0.05; done",
    );
    stand.set(&[
        trapping("base"),
        trapping("top").after([name("base")]),
        stubborn,
    ]);
    for service in ["base", "top", "stubborn"] {
        stand.wait_for_log(service, " up\n");
    }
    assert!(
        stand
            .supervisor
            .wish(&name("stubborn"), Event::Stop, &stand.log)
    );
    stand.until(
        "the stubborn one is killed",
        is("stubborn", ServiceState::Stopped),
    );
    let last = stand
        .supervisor
        .status()
        .iter()
        .find(|s| s.name == name("stubborn"))
        .and_then(|s| s.last_exit);
    assert_eq!(last, Some(Exit::Signal(9)));
    assert!(
        !stand
            .supervisor
            .wish(&name("nobody"), Event::Stop, &stand.log)
    );
    end(&mut stand);
    assert_eq!(fs::read_to_string(&file).expect("order"), "top\nbase\n");
}

fn end(stand: &mut Stand) {
    stand.supervisor.begin_end(&stand.log);
    stand.until("the end", Supervisor::is_quiet);
}
