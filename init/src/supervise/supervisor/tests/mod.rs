//! The supervisor with real processes, each test in a process of its own: the supervisor reaps every child.

mod stand;

use crate::own_process::in_own_process;
use crate::supervise::{Event, State};
use init_api::{Exit, KillWhat, Millis, ReadyWhen, Restart, Service, ServiceState};
use rustix::event::{PollFd, PollFlags, poll};
use stand::{Stand, name, shell, steady};
use std::fs;

#[test]
fn those_that_come_after_others_wait_for_them() {
    in_own_process(|| {
        let mut stand = Stand::with_groups_of(&["first", "second", "third"]);
        let sign = stand.path().join("sign");
        let first = shell(
            "first",
            &format!("sleep 0.2; touch {}; exec sleep 600", sign.display()),
        )
        .ready(ReadyWhen::PathExists { path: sign.clone() });
        let command = ["/bin/test", "-e", &sign.to_string_lossy()];
        let second = Service {
            kill: KillWhat::Main,
            restart: Restart::never(),
            ..Service::one_shot(name("second"), command)
        }
        .after([name("first")]);
        let third = steady("third").after([name("second")]);
        stand.set(&[third, second, first]);
        let waits = |stand: &Stand, service| stand.status(service).map(|s| s.waiting_for);
        assert_eq!(waits(&stand, "second"), Some(vec![name("first")]));
        assert_eq!(waits(&stand, "third"), Some(vec![name("second")]));
        stand.until("third", ServiceState::Ready);
        let second = stand.status("second").map(|s| s.state);
        assert_eq!(second, Some(ServiceState::Completed), "it saw the sign");
        stand.end();
    });
}

#[test]
fn output_goes_to_the_log_and_the_environment_to_the_service() {
    in_own_process(|| {
        let mut stand = Stand::with_groups_of(&["one", "two"]);
        let one = shell("one", "echo plain; echo \"$GREETING\" >&2; exec sleep 600");
        let two = shell("two", "echo other; exec sleep 600");
        stand.set(&[one.env("GREETING", "hello"), two]);
        stand.until_log("one", |log| {
            log.contains("Z plain\n") && log.ends_with("Z hello\n")
        });
        stand.until_log("two", |log| log.ends_with("Z other\n"));
        assert!(!stand.log_of("one").contains("other"));
        stand.end();
    });
}

#[test]
fn one_that_ends_is_started_again_and_again() {
    in_own_process(|| {
        let mut stand = Stand::with_groups_of(&["flaky"]);
        let restart = Restart {
            first_ms: Millis(10),
            longest_ms: Millis(20),
            ..Restart::default()
        };
        let flaky = Service {
            restart,
            ..shell("flaky", "exit 3")
        };
        stand.set(&[flaky]);
        stand.until_all("three restarts", |all| all.iter().any(|s| s.restarts >= 3));
        let last = stand.status("flaky").and_then(|s| s.last_exit);
        assert_eq!(last, Some(Exit::Code(3)));
        stand.end();
    });
}

#[test]
fn one_that_cannot_start_fails_and_is_not_started_twice_where_it_never_is() {
    in_own_process(|| {
        let mut stand = Stand::with_groups_of(&["missing"]);
        let missing = Service {
            restart: Restart::never(),
            ..Service::daemon(name("missing"), ["/no/such/program"])
        };
        for turn in ["described", "described again"] {
            stand.set(std::slice::from_ref(&missing));
            let status = stand.status("missing").expect(turn);
            assert_eq!(status.state, ServiceState::Failed, "{turn}");
            assert_eq!(status.last_exit, Some(Exit::NotStarted(2)), "{turn}");
            assert_eq!(status.restarts, 0, "{turn}");
        }
        stand.end();
    });
}

#[test]
fn a_new_description_changes_only_what_it_describes_otherwise() {
    in_own_process(|| {
        let mut stand = Stand::with_groups_of(&["same", "changed", "gone"]);
        stand.set(&[steady("same"), steady("changed"), steady("gone")]);
        for service in ["same", "changed", "gone"] {
            stand.until(service, ServiceState::Ready);
        }
        let (same, changed) = (stand.pid("same"), stand.pid("changed"));
        stand.set(&[steady("same"), steady("changed").env("NEW", "1")]);
        stand.until_all("the changed one runs anew", |all| {
            let now = all.iter().find(|s| s.name == name("changed"));
            now.is_some_and(|s| s.state == ServiceState::Ready && s.pid != changed)
        });
        stand.until_all("one is gone", |all| all.len() == 2);
        assert_eq!(stand.pid("same"), same, "it runs on");
        assert_eq!(stand.supervisor.state(&name("gone")), None);
        stand.end();
    });
}

/// A description that was changed and changed back while the old process still ended: the withdrawn one never runs.
#[test]
fn a_change_taken_back_is_forgotten() {
    in_own_process(|| {
        let slow = "trap 'sleep 0.2; exit 0' TERM; echo \"$SAYS\"; while :; do sleep 0.05; done";
        let old = shell("slow", slow).env("SAYS", "old");
        let withdrawn = shell("slow", slow).env("SAYS", "withdrawn");
        let mut stand = Stand::with_groups_of(&["slow"]);
        stand.set(std::slice::from_ref(&old));
        stand.until_log("slow", |log| log.ends_with(" old\n"));
        stand.set(&[withdrawn]);
        let state = stand.status("slow").map(|s| s.state);
        assert_eq!(state, Some(ServiceState::Stopping));
        stand.set(&[old]);
        stand.until_log("slow", |log| log.lines().count() == 2);
        let log = stand.log_of("slow");
        assert!(
            log.ends_with(" old\n") && !log.contains("withdrawn"),
            "{log}"
        );
        stand.end();
    });
}

/// Also what PID 1 had not read yet when it closes the logs.
#[test]
fn the_last_output_of_a_service_is_in_its_log() {
    in_own_process(|| {
        let mut stand = Stand::with_groups_of(&["brief"]);
        stand.set(&[shell("brief", "echo the end; exec sleep 600")]);
        let pipe = stand.supervisor.fresh_pipes()[0];
        let fd = stand.supervisor.pipe(pipe).expect("open");
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], None).expect("poll");
        let writer = stand.supervisor.close_logs().expect("logs");
        writer.join().expect("no panic");
        assert!(stand.log_of("brief").ends_with("Z the end\n"));
        stand.end();
    });
}

#[test]
fn one_that_does_not_end_is_killed() {
    in_own_process(|| {
        let mut stand = Stand::with_groups_of(&["deaf"]);
        let deaf = "trap '' TERM; echo up; while :; do sleep 0.05; done";
        stand.set(&[shell("deaf", deaf)]);
        stand.until_log("deaf", |log| log.ends_with(" up\n"));
        assert!(
            stand
                .supervisor
                .request(&name("deaf"), Event::Stop, &stand.log)
        );
        stand.until("deaf", ServiceState::Stopped);
        let last = stand.status("deaf").and_then(|s| s.last_exit);
        assert_eq!(last, Some(Exit::Signal(9)));
        assert_eq!(stand.supervisor.state(&name("deaf")), Some(State::Stopped));
        assert!(
            !stand
                .supervisor
                .request(&name("nobody"), Event::Stop, &stand.log)
        );
        stand.end();
    });
}

#[test]
fn services_end_in_the_reverse_of_the_order_in_which_they_start() {
    in_own_process(|| {
        let mut stand = Stand::with_groups_of(&["base", "herald", "top", "other"]);
        let file = stand.path().join("order");
        let trapping = |service: &str| {
            let script = format!(
                "trap 'echo {service} >> {}; exit 0' TERM; echo up; while :; do sleep 0.05; done",
                file.display()
            );
            Service {
                stop_timeout_ms: Millis::seconds(60),
                ..shell(service, &script)
            }
        };
        let herald = Service {
            stops_first: true,
            ..trapping("herald")
        };
        stand.set(&[
            trapping("base"),
            herald.after([name("base")]),
            trapping("top").after([name("base"), name("herald")]),
            trapping("other"),
        ]);
        for service in ["base", "herald", "top", "other"] {
            stand.until_log(service, |log| log.ends_with(" up\n"));
        }
        assert_eq!(stand.supervisor.first_stop_timeout(), Millis::seconds(60));
        stand.end();
        let order = fs::read_to_string(&file).expect("order");
        let order: Vec<&str> = order.lines().collect();
        // It starts before one and stops before all; the others as ever.
        assert_eq!(order[0], "herald", "{order:?}");
        let place = |service| order.iter().position(|line| *line == service);
        assert!(place("top") < place("base"), "{order:?}");
        assert_eq!(order.len(), 4, "{order:?}");
    });
}
