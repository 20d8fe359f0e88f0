//! The ways down.

use super::Stand;
use super::stand::{on, shell, state_of};
use init_api::{
    Asked, Asker, BootNote, Down, InstallState, KillWhat, Millis, Mode, NodeState, Request, Root,
    Service, ServiceState, paths,
};
use rustix::process::{Pid, Signal, getpid, kill_process};
use std::fs;

fn runs(status: &init_api::Status) -> bool {
    state_of(status, "app") == Some(ServiceState::Ready)
}

#[test]
fn a_signal_reboots_in_order() {
    on(
        Stand::new,
        |person| {
            person.wait_for("it runs", runs);
            kill_process(getpid(), Signal::TERM).expect("sent");
        },
        |departure, _| assert_eq!(departure.end, Down::Reboot),
    );
}

#[test]
fn the_time_is_noted_each_hour_and_at_the_end() {
    on(
        Stand::new,
        |person| {
            person.wait_for("it runs", runs);
            let noted = person.at(paths::CLOCK);
            assert!(!noted.exists(), "too early");
            person.let_pass(Millis::seconds(3600));
            person.wait_for("the note", |_| noted.exists());
            fs::remove_file(&noted).expect("removed");
            kill_process(getpid(), Signal::TERM).expect("sent");
        },
        |_, root| assert!(root.path(paths::CLOCK).exists()),
    );
}

#[test]
fn a_power_supply_that_fails_switches_off() {
    on(
        Stand::new,
        |person| {
            person.wait_for("it runs", runs);
            kill_process(getpid(), Signal::POWER).expect("sent");
        },
        |departure, root| {
            assert_eq!(departure.end, Down::PowerOff);
            assert_eq!(asked(root), Asked::by(Asker::Signal));
        },
    );
}

/// Who is written down as the one who asked for the end.
fn asked(root: &Root) -> Asked {
    let note: BootNote = init_api::load(root.path(paths::BOOT_NOTE)).expect("it is written down");
    note.end.expect("it ended in order").asked
}

#[test]
fn a_node_that_was_ready_is_noted_before_the_end_and_with_it() {
    on(
        Stand::new,
        |person| {
            let path = person.at(paths::BOOT_NOTE);
            let begun = BootNote {
                version: "1".into(),
                root_hash: "ab".into(),
                ready: false,
                end: None,
            };
            init_api::store(&path, &begun).expect("stored");
            person.wait_for("it runs", runs);
            let node = NodeState {
                ready: true,
                answered_ms: Some(person.now()),
                ..NodeState::default()
            };
            init_api::store(person.at(paths::NODE), &node).expect("stored");
            let noted = BootNote {
                ready: true,
                ..begun
            };
            person.wait_for("the note", |_| {
                init_api::load::<BootNote>(&path).is_ok_and(|note| note == noted)
            });
            person.ask().ask(&Request::Reboot).expect("accepted");
        },
        |_, root| {
            assert_eq!(asked(root), Asked::by(Asker::Command));
            let note: BootNote = init_api::load(root.path(paths::BOOT_NOTE)).expect("a note");
            assert!(note.ready);
        },
    );
}

#[test]
fn the_next_boot_is_told_who_asked_first_and_why() {
    on(
        Stand::held,
        |person| {
            person.wait_until_it_listens();
            let mut client = person.ask();
            let upgrade = Request::GoDown {
                down: Down::Reboot,
                asked: Asked::about(Asker::Upgrade, "to release 2"),
            };
            client.ask(&upgrade).expect("accepted");
            client.ask(&Request::PowerOff).expect_err("too late");
            person.let_go();
        },
        |departure, root| {
            assert_eq!(departure.end, Down::Reboot);
            assert_eq!(asked(root), Asked::about(Asker::Upgrade, "to release 2"));
        },
    );
}

#[test]
fn services_end_before_the_machine_does_and_nothing_else_is_begun() {
    on(
        Stand::held,
        |person| {
            person.wait_until_it_listens();
            let mut client = person.ask();
            client.ask(&Request::Reboot).expect("accepted");
            let status = client.status().expect("an answer");
            assert_eq!(status.mode, Mode::ShuttingDown);
            let refused = client.ask(&Request::PowerOff).expect_err("too late");
            let reason = "PID 1 refused: the machine is going down";
            assert_eq!(refused.to_string(), reason);
            assert!(!person.at("/ended").exists(), "it is waited for");
            person.let_go();
        },
        |departure, root| {
            assert_eq!(departure.end, Down::Reboot, "what was asked for first");
            let ended = fs::read_to_string(root.path("/ended")).expect("it ended");
            assert_eq!(ended, "app\n");
        },
    );
}

/// The keeper has ended by then, and nobody asks the API any more.
#[test]
fn a_machine_that_goes_down_says_nothing_about_an_api_that_is_silent() {
    on(
        Stand::held,
        |person| {
            person.wait_until_it_listens();
            let node = NodeState {
                name: "shed".into(),
                ready: true,
                answered_ms: Some(person.now()),
                ..NodeState::default()
            };
            init_api::store(person.at(paths::NODE), &node).expect("stored");
            person.wait_for_console("] node Ready\n");
            let mut client = person.ask();
            client.ask(&Request::Reboot).expect("accepted");
            person.let_pass(Millis::seconds(30));
            client.status().expect("it wakes up");
            person.let_go();
        },
        |_, root| {
            let shown = fs::read_to_string(root.path("/dev/ttyS0")).expect("a console");
            assert!(shown.contains("reboot was asked for"), "{shown}");
            assert!(!shown.contains("has not answered"), "{shown}");
        },
    );
}

#[test]
fn a_service_that_does_not_end_keeps_no_machine_up() {
    on(
        || {
            let stand = Stand::new();
            let pid = stand.at("/pid");
            let script = format!(
                "trap '' TERM; echo $$ > {}; while :; do sleep 0.05; done",
                pid.display()
            );
            // One that stops before all others, and ends with its time: the others have theirs after that.
            let first = Service {
                stops_first: true,
                stop_timeout_ms: Millis::seconds(100),
                ..shell("first", "exec sleep 600")
            };
            stand.configured(&[
                Service {
                    stop_timeout_ms: Millis::seconds(3600),
                    kill: KillWhat::Main,
                    ..shell("app", &script)
                },
                first,
            ]);
            stand
        },
        |person| {
            person.wait_for("it runs", runs);
            let pid = person.at("/pid");
            person.wait_for("it is deaf", |_| {
                fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n'))
            });
            let mut client = person.ask();
            client.ask(&Request::Reboot).expect("accepted");
            // The test's own time passes, too: what is left is for a busy host.
            person.let_pass(Millis::seconds(110));
            assert_eq!(client.status().expect("an answer").mode, Mode::ShuttingDown);
            person.let_pass(Millis::seconds(50));
            // The answer to this may be cut off: the loop ends.
            let _ = client.status();
        },
        |departure, root| {
            assert_eq!(departure.end, Down::Reboot);
            let text = fs::read_to_string(root.path("/pid")).expect("its number");
            let pid = text.trim().parse().ok().and_then(Pid::from_raw);
            kill_process(pid.expect("a number"), Signal::KILL).expect("it runs still");
        },
    );
}

/// They come together: nobody waits for a page in between.
#[test]
fn the_installers_last_words_are_said_on_the_way_down() {
    on(
        Stand::new,
        |person| {
            person.wait_for("it runs", runs);
            let install = InstallState {
                doing: "done; pull the stick out".into(),
                finished: true,
                ..InstallState::default()
            };
            init_api::store(person.at(paths::INSTALL), &install).expect("stored");
            person.ask().ask(&Request::PowerOff).expect("accepted");
        },
        |_, root| {
            let shown = fs::read_to_string(root.path("/dev/ttyS0")).expect("a console");
            assert!(shown.contains("] done; pull the stick out\n"), "{shown}");
        },
    );
}
