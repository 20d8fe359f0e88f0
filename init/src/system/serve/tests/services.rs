//! Services that end, and what people ask for.

use super::Stand;
use super::stand::{name, on, shell, state_of};
use init_api::{Down, Exit, Request, Response, ServiceState, paths};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

#[test]
fn a_service_that_ends_is_started_again_and_its_output_is_kept() {
    on(
        || {
            let stand = Stand::new();
            let once = stand.at("/once");
            let once = once.display();
            let script = format!(
                "echo hello; [ -e {once} ] && exec sleep 600; touch {once}; echo good bye; exit 3"
            );
            stand.configured(&[shell("app", &script)]);
            stand
        },
        |person| {
            let status = person.wait_for("its second start", |status| {
                let app = status.services.iter().find(|s| s.name == name("app"));
                app.is_some_and(|app| app.restarts == 1 && app.state == ServiceState::Ready)
            });
            let app = status.services.iter().find(|s| s.name == name("app"));
            assert_eq!(app.and_then(|app| app.last_exit), Some(Exit::Code(3)));
            assert_eq!(
                status.failing(),
                ["service app (exit code 3): see `holdfast logs app`"]
            );
            let output = person.wait_for("its output", |status| {
                let app = status.services.iter().find(|s| s.name == name("app"));
                app.is_some_and(|app| app.last_output.len() == 3)
            });
            let app = output.services.iter().find(|s| s.name == name("app"));
            let output = app.map(|app| app.last_output.clone());
            assert_eq!(output.unwrap_or_default(), ["hello", "good bye", "hello"]);
            person.wait_for_console("service app (exit code 3)");
            person.wait_for_console("| good bye");
            person.ask().ask(&Request::Reboot).expect("accepted");
        },
        |departure, root| {
            let writer = departure.logs.expect("logs");
            writer.join().expect("written");
            let log = fs::read_to_string(root.path(paths::LOGS).join("app.log")).expect("a log");
            assert!(
                log.contains("Z hello\n") && log.contains("Z good bye\n"),
                "{log}"
            );
        },
    );
}

#[test]
fn services_are_stopped_and_started_by_request() {
    on(
        Stand::new,
        |person| {
            let is = |state| move |status: &_| state_of(status, "app") == Some(state);
            person.wait_for("it runs", is(ServiceState::Ready));
            let service = name("app");
            let stop = Request::Stop {
                service: service.clone(),
            };
            person.ask().ask(&stop).expect("accepted");
            person.wait_for("it has stopped", is(ServiceState::Stopped));
            person
                .ask()
                .ask(&Request::Start { service })
                .expect("accepted");
            person.wait_for("it runs again", is(ServiceState::Ready));
            let nobody = Request::Restart {
                service: name("nobody"),
            };
            let refused = person.ask().ask(&nobody).expect_err("no such service");
            let reason = "PID 1 refused: there is no service nobody; there are ";
            assert!(refused.to_string().starts_with(reason), "{refused}");
            person.ask().ask(&Request::Reboot).expect("accepted");
        },
        |departure, _| assert_eq!(departure.end, Down::Reboot),
    );
}

#[test]
fn nonsense_is_refused_and_the_client_may_go_on() {
    on(
        Stand::new,
        |person| {
            let stream = UnixStream::connect(person.at(paths::SOCKET)).expect("it listens");
            let mut answers = BufReader::new(stream.try_clone().expect("two ends")).lines();
            let mut ask = |line: &str| -> Response {
                let mut stream = &stream;
                stream.write_all(line.as_bytes()).expect("sent");
                let answer = answers.next().expect("open").expect("an answer");
                serde_json::from_str(&answer).expect("a response")
            };
            for nonsense in ["{\"request\":\"dance\"}\n", "\u{1}\n", "[]\n"] {
                let answer = ask(nonsense);
                assert!(matches!(answer, Response::Refused { .. }), "{answer:?}");
            }
            assert_eq!(ask("{\"request\":\"reboot\"}\n"), Response::Accepted);
        },
        |departure, _| assert_eq!(departure.end, Down::Reboot),
    );
}
