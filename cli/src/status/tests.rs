use super::*;
use init_api::{
    BootEnd, Configuration, ConfigurationState, Kind, LastBoot, NodeState, Problem, ServiceName,
};

fn service(name: &str, state: ServiceState) -> ServiceStatus {
    ServiceStatus {
        name: ServiceName::new(name).unwrap(),
        kind: Kind::Daemon,
        state,
        pid: Some(77),
        restarts: 2,
        last_exit: Some(init_api::Exit::Code(1)),
        since_ms: Millis::seconds(10),
        waiting_for: Vec::new(),
        last_output: vec!["panic: no datastore".to_owned()],
    }
}

fn panicked() -> LastBoot {
    LastBoot {
        found_by: String::new(),
        version: Some("0.1.0".to_owned()),
        root_hash: None,
        was_ready: None,
        end: BootEnd::Panic,
        reset_by_watchdog: false,
        kernel: vec!["Fatal exception".to_owned(), "BUG: y".to_owned()],
        kept: Some("/k/1.txt".into()),
    }
}

/// In maintenance mode, with a service that failed for good.
fn trouble() -> Status {
    Status {
        mode: Mode::Maintenance,
        version: "0.1.0".to_owned(),
        kernel: "6.12.1".to_owned(),
        hostname: "edge-1".to_owned(),
        uptime_ms: Millis::seconds(7500),
        boot: None,
        phases: Vec::new(),
        services: vec![
            service("ssh", ServiceState::Ready),
            service("keeper", ServiceState::Failed),
        ],
        configuration: Configuration {
            generation: 1,
            state: ConfigurationState::Failed,
        },
        problem: Some(Problem::new("title", "text", "cure")),
        node: Some(NodeState {
            name: "edge-1".to_owned(),
            answered_ms: Some(Millis::seconds(7495)),
            waiting_for: vec!["the API".to_owned()],
            offenders: vec!["shop/till wants too much".to_owned()],
            ..NodeState::default()
        }),
        install: None,
        trial_until_ms: None,
        last_boot: None,
        notes: vec!["no watchdog".to_owned()],
    }
}

#[test]
fn a_crash_loop_is_unwell_in_its_pauses_and_between_them() {
    let mut status = Status {
        mode: Mode::Running,
        ..trouble()
    };
    status.node.as_mut().unwrap().ready = true;
    for (state, uptime, expected) in [
        (ServiceState::Failed, 7500, true),
        (ServiceState::Pausing, 11, true),
        (ServiceState::Ready, 11, true),
        (ServiceState::Ready, 7500, false),
    ] {
        status.services = vec![service("control-plane", state)];
        status.uptime_ms = Millis::seconds(uptime);
        assert_eq!(is_unwell(&status), expected, "{state:?} at {uptime} s");
    }
    status.mode = Mode::Maintenance;
    assert!(is_unwell(&status), "maintenance");
}

#[test]
fn an_api_that_does_not_answer_is_said_and_unwell() {
    let mut status = Status {
        mode: Mode::Running,
        services: Vec::new(),
        node: Some(NodeState {
            name: "edge-1".to_owned(),
            ready: true,
            answered_ms: Some(Millis::seconds(1000)),
            ..NodeState::default()
        }),
        ..trouble()
    };
    for (uptime, unwell, expected) in [
        (1003, false, "edge-1 is Ready, as the API said 3 s ago"),
        (
            1300,
            true,
            "edge-1 is not known to be Ready: the Kubernetes API has not answered for 5 min; the node was Ready then; \
             see `holdfast logs control-plane`",
        ),
    ] {
        status.uptime_ms = Millis::seconds(uptime);
        assert_eq!(node(&status), expected);
        assert_eq!(is_unwell(&status), unwell, "{uptime}");
    }
}

#[test]
fn a_node_that_is_not_ready_for_long_is_unwell_where_it_should_be() {
    let mut status = Status {
        services: Vec::new(),
        ..trouble()
    };
    for (mode, uptime, unwell) in [
        (Mode::Running, 600, false),
        (Mode::Running, 7500, true),
        (Mode::Booting, 7500, false),
        (Mode::ShuttingDown, 7500, false),
    ] {
        status.mode = mode;
        status.uptime_ms = Millis::seconds(uptime);
        let node = status.node.as_mut().unwrap();
        node.answered_ms = Some(Millis::seconds(uptime - 5));
        assert_eq!(is_unwell(&status), unwell, "{mode:?} at {uptime} s");
    }
    status.mode = Mode::Running;
    status.node.as_mut().unwrap().ready_ms = Some(Millis::seconds(7400));
    assert!(!is_unwell(&status), "it was Ready a moment ago");
    status.node = None;
    assert!(is_unwell(&status), "nobody has heard of the node");
}

#[test]
fn a_node_that_lacks_what_was_asked_for_does_not_pass() {
    let instead = Some(Problem::new("wrong", "text", "cure"));
    for (instead, in_clear, less) in [
        (None, false, false),
        (None, true, true),
        (instead, false, true),
    ] {
        let configuration = Configured {
            instead,
            in_clear,
            ..Configured::default()
        };
        assert_eq!(is_less_than_asked(&configuration), less);
    }
}

#[test]
fn the_page_of_a_node_in_trouble() {
    let configuration = Configured {
        sources: vec!["image: a".to_owned(), "CONFIG partition: b".to_owned()],
        ..Configured::default()
    };
    let addresses = vec![Address {
        interface: "eth0".to_owned(),
        address: [10, 0, 0, 2].into(),
    }];
    let expected = "\
edge-1  Holdfast 0.1.0, slot ?, Linux 6.12.1
up           2 h 5 min
mode         MAINTENANCE: something must be repaired, see below
node         edge-1 is not Ready; waiting for the API
last boot    release 0.1.0: the kernel panicked: Fatal exception; all that the kernel said: /k/1.txt
             BUG: y
address      eth0 10.0.0.2
config       image: a
             CONFIG partition: b
clock        kept by ntp.example
temperature  48 °C (cpu-thermal)

SERVICE  STATE   SINCE      RESTARTS  PID
ssh      ready   2 h 4 min  2         77   last: exit code 1
keeper   FAILED  2 h 4 min  2         77   last: exit code 1

failing: service keeper (exit code 1): see `holdfast logs keeper`
         | panic: no datastore
note: no watchdog
pod shop/till wants too much

PROBLEM: title

text

What to do: cure
";
    assert_eq!(
        page(&Everything {
            status: Status {
                last_boot: Some(panicked()),
                ..trouble()
            },
            configuration,
            addresses,
            authorities: None,
            clock: Some("kept by ntp.example".to_owned()),
            temperature: Some("48 °C (cpu-thermal)".to_owned()),
        }),
        expected
    );
}
