//! A boot on trial, over the whole loop: how it ends, and what is written down about it.

use super::super::super::end::Departure;
use super::Stand;
use super::stand::{on, problem, shell, state_of};
use init_api::{
    Asked, Asker, BootNote, BootRecord, BootTrial, Down, Millis, Mode, Partitions, Request, Root,
    ServiceState, Slot, StateOutcome, UnconfirmedBoot, WhyUnconfirmed, paths,
};

/// Seconds; a test's clock begins at 0.
const DEADLINE: u64 = 300;

fn on_trial() -> Stand {
    tried(Stand::new())
}

fn tried(mut stand: Stand) -> Stand {
    stand.facts.boot = Some(BootRecord {
        slot: Slot::B,
        root_hash: "ab".repeat(32),
        disk: "/dev/vda".into(),
        partitions: Partitions::default(),
        state: StateOutcome::Clean,
        watchdog: None,
        started: init_api::Started::default(),
        trial: Some(BootTrial {
            deadline_s: DEADLINE,
        }),
        phases: Vec::new(),
    });
    stand
}

fn record(root: &Root) -> Option<UnconfirmedBoot> {
    init_api::load_if_present(root.path(paths::UNCONFIRMED_BOOT)).expect("readable")
}

/// The machine goes back by itself, and says so on state.
fn went_back(departure: &Departure, root: &Root) -> UnconfirmedBoot {
    assert_eq!(departure.end, Down::Reboot);
    let record = record(root).expect("it is written down");
    assert_eq!(record.why, WhyUnconfirmed::TimedOut);
    assert_eq!(
        (record.slot, record.root_hash.as_str()),
        (Slot::B, "ab".repeat(32).as_str())
    );
    record
}

#[test]
fn one_that_nobody_confirms_goes_back() {
    on(
        on_trial,
        |person| {
            let status = person.wait_for("app runs", |status| {
                state_of(status, "app") == Some(ServiceState::Ready)
            });
            assert_eq!(status.trial_until_ms, Some(Millis::seconds(DEADLINE)));
            person.let_pass(Millis::seconds(DEADLINE));
            // The answer to this may be cut off: the loop ends.
            let _ = person.ask().status();
        },
        |departure, root| {
            let record = went_back(&departure, root);
            assert_eq!(record.reasons, ["the node was not known yet"]);
            let note: BootNote = init_api::load(root.path(paths::BOOT_NOTE)).expect("a note");
            assert_eq!(note.root_hash, "ab".repeat(32));
            let end = note.end.expect("it ended in order");
            assert_eq!(end.asked, Asked::by(Asker::TrialOver));
        },
    );
}

#[test]
fn it_also_runs_out_in_maintenance_mode() {
    on(
        || {
            let stand = on_trial();
            init_api::store(stand.at("/problem.json"), &problem()).expect("stored");
            stand.configure_by("cp $ROOT/problem.json $ROOT/run/holdfast/; exit 2");
            stand
        },
        |person| {
            person.wait_for("maintenance", |status| status.mode == Mode::Maintenance);
            person.let_pass(Millis::seconds(DEADLINE));
            let _ = person.ask().status();
        },
        |departure, root| {
            let record = went_back(&departure, root);
            let first = record.reasons.first().map(String::as_str);
            assert_eq!(first, Some("Nothing works: line 3 is wrong"));
        },
    );
}

#[test]
fn it_also_runs_out_while_the_configuration_hangs() {
    on(
        || {
            let stand = on_trial();
            stand.configure_by("exec sleep 600");
            stand
        },
        |person| {
            let status = person.wait_for("it runs", |status| {
                state_of(status, "configure") == Some(ServiceState::Starting)
            });
            assert_eq!(status.mode, Mode::Booting);
            person.let_pass(Millis::seconds(DEADLINE));
            let _ = person.ask().status();
        },
        |departure, root| {
            went_back(&departure, root);
        },
    );
}

#[test]
fn what_failed_last_is_written_down_as_it_was_before_the_services_were_stopped() {
    on(
        || {
            let stand = on_trial();
            stand.configured(&[shell("app", "exit 3")]);
            let waits = "check http://127.0.0.1:8080/healthz: status 503\n\n\u{1b}[2Jcheck tills\n";
            std::fs::create_dir_all(stand.at(paths::RUN)).expect("folder");
            std::fs::write(stand.at(paths::TRIAL_WAITS), waits).expect("written");
            stand
        },
        |person| {
            person.wait_for("app fails", |status| {
                state_of(status, "app") == Some(ServiceState::Pausing)
            });
            person.let_pass(Millis::seconds(DEADLINE));
            let _ = person.ask().status();
        },
        |departure, root| {
            let record = went_back(&departure, root);
            let expected = [
                "service app (exit code 3): see `holdfast logs --trial app`",
                "check http://127.0.0.1:8080/healthz: status 503",
                "[2Jcheck tills",
            ];
            assert_eq!(record.reasons, expected);
            assert!(departure.trial_logs.is_some(), "the logs are kept");
        },
    );
}

#[test]
fn a_confirmed_one_stays() {
    on(
        on_trial,
        |person| {
            let mut client = person.ask();
            client.ask(&Request::Commit).expect("accepted");
            person.let_pass(Millis::seconds(DEADLINE));
            let status = client.status().expect("an answer");
            assert_ne!(status.mode, Mode::ShuttingDown);
            assert_eq!(status.trial_until_ms, None);
            client
                .ask(&Request::Commit)
                .expect("it is confirmed already");
            client.ask(&Request::PowerOff).expect("accepted");
        },
        |departure, root| {
            assert_eq!(departure.end, Down::PowerOff, "what a person asked for");
            assert_eq!(record(root), None);
        },
    );
}

#[test]
fn a_reboot_that_a_person_asks_for_is_no_failure() {
    on(
        || tried(Stand::held()),
        |person| {
            person.wait_until_it_listens();
            let mut client = person.ask();
            client.ask(&Request::Reboot).expect("accepted");
            let refused = client.ask(&Request::Commit).expect_err("too late");
            let reason = "PID 1 refused: the machine is going down";
            assert_eq!(refused.to_string(), reason);
            person.let_go();
        },
        |departure, root| {
            assert_eq!(departure.end, Down::Reboot);
            let record = record(root).expect("it is written down");
            assert_eq!(record.why, WhyUnconfirmed::Interrupted);
        },
    );
}

#[test]
fn an_ordinary_boot_has_nothing_to_commit_and_never_goes_back() {
    on(
        Stand::new,
        |person| {
            let mut client = person.ask();
            let refused = client.ask(&Request::Commit).expect_err("no trial");
            let reason = "PID 1 refused: this boot is not on trial: there is nothing to commit";
            assert_eq!(refused.to_string(), reason);
            person.let_pass(Millis::seconds(DEADLINE));
            let status = client.status().expect("an answer");
            assert_ne!(status.mode, Mode::ShuttingDown);
            client.ask(&Request::Reboot).expect("accepted");
        },
        |_, root| assert_eq!(record(root), None),
    );
}
