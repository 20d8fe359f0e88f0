//! Runs of the configuration, and the modes that they lead to.

use super::Stand;
use super::stand::{Person, on, problem, shell, state_of};
use init_api::Down;
use init_api::interface::{By, Wanted};
use init_api::{
    ConfigurationState, Configured, InstallState, Millis, Mode, NodeState, Request, ServiceState,
    Services, Status, paths,
};
use std::fs;

#[test]
fn a_good_configuration_puts_its_services_in_force() {
    on(
        Stand::new,
        |person| {
            let status = person.wait_for("app runs", |status| {
                state_of(status, "app") == Some(ServiceState::Ready)
            });
            assert_eq!(status.mode, Mode::Running);
            assert_eq!(status.configuration.state, ConfigurationState::Applied);
            assert_eq!(state_of(&status, "base"), Some(ServiceState::Ready));
            assert_eq!(state_of(&status, "way-in"), Some(ServiceState::Ready));
            assert_eq!(
                state_of(&status, "configure"),
                Some(ServiceState::Completed)
            );
            let phases: Vec<_> = status.phases.iter().map(|p| p.name.as_str()).collect();
            assert_eq!(phases, ["configure"]);
            person.ask().ask(&Request::Reboot).expect("accepted");
        },
        |departure, _| assert_eq!(departure.end, Down::Reboot),
    );
}

#[test]
fn an_interface_that_is_not_there_is_told_until_it_comes() {
    on(
        || {
            let stand = Stand::new();
            let configured = Configured {
                interfaces: vec![Wanted {
                    key: "network.interfaces[0].name".to_owned(),
                    by: By::Name("eth0".to_owned()),
                }],
                ..Configured::default()
            };
            fs::create_dir_all(stand.at("/sys/class/net/enp0s3/device")).expect("folder");
            init_api::store(stand.at("/configured.json"), &configured).expect("stored");
            stand.configure_by("cp $ROOT/configured.json $ROOT/run/holdfast/");
            stand
        },
        |person| {
            let told = |status: &Status| {
                let about = |note: &&String| note.contains("there is no interface eth0");
                status.notes.iter().find(about).cloned()
            };
            let status = person.wait_for("a note", |status| told(status).is_some());
            let note = told(&status).unwrap_or_default();
            assert!(note.contains("this machine has enp0s3"), "{note}");
            person.wait_for_console("there is no interface eth0");
            person.plug("eth0");
            person.wait_for("no note", |status| told(status).is_none());
            person.ask().ask(&Request::PowerOff).expect("accepted");
        },
        |departure, _| assert_eq!(departure.end, Down::PowerOff),
    );
}

#[test]
fn a_bad_configuration_leads_to_maintenance_and_a_mended_one_out_of_it() {
    on(
        || {
            let stand = Stand::new();
            init_api::store(stand.at("/problem.json"), &problem()).expect("stored");
            stand.configure_by("cp $ROOT/problem.json $ROOT/run/holdfast/; exit 2");
            stand
        },
        |person| {
            let status = person.wait_for("maintenance", |s| s.mode == Mode::Maintenance);
            assert_eq!(status.problem, Some(problem()));
            assert_eq!(state_of(&status, "base"), Some(ServiceState::Ready));
            assert_eq!(state_of(&status, "app"), None, "it is not for maintenance");
            person.wait_for_console("Nothing works: line 3 is wrong");
            the_consoles_are_left_to_a_form(person);

            person.configure_by("exit 0");
            person.ask().reconfigure().expect("accepted");
            let status = person.wait_for("app runs", |status| {
                state_of(status, "app") == Some(ServiceState::Ready)
            });
            assert_eq!((status.mode, status.problem), (Mode::Running, None));
            person.ask().ask(&Request::PowerOff).expect("accepted");
        },
        |departure, _| assert_eq!(departure.end, Down::PowerOff),
    );
}

#[test]
fn what_runs_by_a_good_configuration_outlives_a_bad_one() {
    on(
        Stand::new,
        |person| {
            let before = person.wait_for("app runs", |status| {
                state_of(status, "app") == Some(ServiceState::Ready)
            });
            person.configure_by("exit 1");
            let generation = person.ask().reconfigure().expect("accepted");
            let status = person.wait_for("the bad run's end", |status| {
                status.configuration.generation >= generation
                    && status.configuration.state == ConfigurationState::Failed
            });
            assert_eq!(status.mode, Mode::Running);
            let title = status.problem.map(|problem| problem.title);
            assert_eq!(
                title.as_deref(),
                Some("The configuration could not be applied")
            );
            let pids = |services: &[init_api::ServiceStatus]| -> Vec<_> {
                let kept = services.iter().filter(|s| s.name.as_str() != "configure");
                kept.map(|service| service.pid).collect()
            };
            assert_eq!(pids(&status.services), pids(&before.services));
            person.ask().ask(&Request::Reboot).expect("accepted");
        },
        |departure, _| assert_eq!(departure.end, Down::Reboot),
    );
}

#[test]
fn a_configuration_that_hangs_is_stopped_and_told() {
    on(
        || {
            let stand = Stand::new();
            stand.configure_by("exec sleep 600");
            stand
        },
        |person| {
            person.wait_for("it runs", |status| {
                state_of(status, "configure") == Some(ServiceState::Starting)
            });
            person.let_pass(Millis::seconds(120));
            let status = person.wait_for("maintenance", |s| s.mode == Mode::Maintenance);
            let text = status.problem.expect("a problem").text;
            assert!(text.contains("did not end within 120 s"), "{text}");
            person.ask().ask(&Request::Reboot).expect("accepted");
        },
        |departure, _| assert_eq!(departure.end, Down::Reboot),
    );
}

#[test]
fn a_machine_that_did_not_start_as_it_should_stays_in_maintenance() {
    on(
        || {
            let mut stand = Stand::new();
            stand.facts.problem = Some(problem());
            stand
        },
        |person| {
            let status = person.wait_for("the run's end", |status| {
                status.configuration.state == ConfigurationState::Applied
            });
            assert_eq!(status.mode, Mode::Maintenance);
            assert_eq!(status.problem, Some(problem()));
            assert_eq!(state_of(&status, "app"), None, "it is not for maintenance");
            person.ask().ask(&Request::Reboot).expect("accepted");
        },
        |departure, _| assert_eq!(departure.end, Down::Reboot),
    );
}

#[test]
fn what_the_last_boot_left_starts_before_the_configuration_is_read() {
    on(
        || {
            let stand = Stand::new();
            stand.configure_by("while ! [ -e $ROOT/go ]; do sleep 0.05; done");
            let early = Services::new(vec![shell("app", "exec sleep 600")]).expect("they fit");
            init_api::store(stand.at(paths::EARLY_SERVICES), &early).expect("stored");
            stand
        },
        |person| {
            let early = person.wait_for("app runs early", |status| {
                state_of(status, "app") == Some(ServiceState::Ready)
            });
            assert_eq!(early.mode, Mode::Booting);
            std::fs::write(person.at("/go"), "").expect("written");
            let status = person.wait_for("it runs", |status| status.mode == Mode::Running);
            let pid = |status: &init_api::Status| {
                let app = status.services.iter().find(|s| s.name.as_str() == "app");
                app.and_then(|app| app.pid)
            };
            assert_eq!(pid(&status), pid(&early), "it runs on");
            person.ask().ask(&Request::Reboot).expect("accepted");
        },
        |departure, _| assert_eq!(departure.end, Down::Reboot),
    );
}

#[test]
fn the_keepers_record_is_read_as_it_is_written() {
    on(
        Stand::new,
        |person| {
            person.wait_for("it runs", |status| status.mode == Mode::Running);
            let node = NodeState {
                name: "shed".into(),
                ready: true,
                answered_ms: Some(person.now()),
                ..NodeState::default()
            };
            init_api::store(person.at(paths::NODE), &node).expect("stored");
            let status = person.wait_for("the record", |status| status.node.is_some());
            assert_eq!(status.node, Some(node));
            person.wait_for_console("] node Ready\n");
            person.wait_for_console("node shed is Ready");

            // Nobody writes any more: time alone makes what is known old.
            person.let_pass(Millis::seconds(25));
            person.ask().status().expect("it wakes up");
            person.wait_for_console("] the Kubernetes API has not answered for ");
            person.wait_for_console("node shed is not known to be Ready");
            person.ask().ask(&Request::Reboot).expect("accepted");
        },
        |departure, _| assert_eq!(departure.end, Down::Reboot),
    );
}

/// While a person answers questions there, PID 1 keeps its words to itself, and shows afterwards how things stand.
fn the_consoles_are_left_to_a_form(person: &Person) {
    fs::write(person.at(paths::FORM), "ttyS0\n").expect("written");
    let configured = Configured {
        warnings: vec!["said meanwhile".to_owned()],
        ..Configured::default()
    };
    init_api::store(person.at(paths::CONFIGURED), &configured).expect("stored");
    // All records are read at once: with this one, those before it.
    init_api::store(person.at(paths::INSTALL), &InstallState::default()).expect("stored");
    person.wait_for("the records", |status| status.install.is_some());
    let shown = || fs::read_to_string(person.at("/dev/ttyS0")).expect("a console");
    let before = shown();
    let generation = person.ask().reconfigure().expect("accepted");
    person.wait_for("the run's end", |status| {
        status.configuration.generation >= generation
            && status.configuration.state != ConfigurationState::Running
    });
    assert_eq!(shown(), before);
    for record in [paths::INSTALL, paths::FORM] {
        fs::remove_file(person.at(record)).expect("removed");
    }
    person.wait_for_console("said meanwhile");
    fs::remove_file(person.at(paths::CONFIGURED)).expect("removed");
}
