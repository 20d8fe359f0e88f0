//! The page word for word.

use super::render;
use crate::system::page::View;
use init_api::{
    BootEnd, Configuration, ConfigurationState, Exit, InstallState, Kind, LastBoot, Millis, Mode,
    NodeState, Problem, ServiceName, ServiceState, ServiceStatus, Status,
};
use std::net::IpAddr;

fn status(mode: Mode) -> Status {
    Status {
        mode,
        version: "1.2.3".into(),
        kernel: "6.12".into(),
        hostname: "shed".into(),
        uptime_ms: Millis(1),
        boot: None,
        phases: Vec::new(),
        services: Vec::new(),
        configuration: Configuration {
            generation: 1,
            state: ConfigurationState::Applied,
        },
        problem: None,
        node: None,
        install: None,
        trial_until_ms: None,
        last_boot: None,
        notes: Vec::new(),
    }
}

#[test]
fn what_is_not_known_now_is_not_shown() {
    let mut status = running(node(true));
    for (seconds, expected) in [
        (24, "  State      node shed is Ready\n"),
        (
            30,
            "  State      node shed is not known to be Ready: the Kubernetes API has not answered for 29 s; the node was Ready then; see",
        ),
    ] {
        status.uptime_ms = Millis::seconds(seconds);
        let shown = page(&status, &[], &[]);
        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn a_machine_that_goes_down_says_what_its_installer_said_last() {
    let install = |finished| Status {
        install: Some(InstallState {
            doing: "done; this machine starts from its disk".into(),
            finished,
            ..InstallState::default()
        }),
        ..status(Mode::ShuttingDown)
    };
    let shown = page(&install(true), &[], &[]);
    let last = "  State      shutting down: done; this machine starts from its disk\n";
    assert!(shown.contains(last), "{shown}");
    let shown = page(&install(false), &[], &[]);
    assert!(shown.contains("  State      shutting down\n"), "{shown}");
}

#[test]
fn an_installation_says_how_far_it_has_come_and_what_it_waits_for() {
    let install = |percent, problem| Status {
        install: Some(InstallState {
            doing: "onto /dev/nvme0n1: writing the system".into(),
            percent,
            problem,
            finished: false,
        }),
        ..status(Mode::Running)
    };
    let shown = page(&install(Some(40), None), &[], &[]);
    let expected = "  State      installing: onto /dev/nvme0n1: writing the system, 40 %\n";
    assert!(shown.contains(expected), "{shown}");
    let problem = Problem::new("Nothing was installed", "/dev/sda: a\n/dev/sdb: b", "Pull.");
    let shown = page(&install(None, Some(problem)), &[], &[]);
    let expected = "  Problem    Nothing was installed: /dev/sda: a\n             /dev/sdb: b\n  Cure       Pull.\n";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn a_trial_says_how_long_it_lasts() {
    let status = Status {
        uptime_ms: Millis::seconds(100),
        trial_until_ms: Some(Millis::seconds(300)),
        ..status(Mode::Booting)
    };
    let shown = page(&status, &[], &[]);
    let expected = "  Trial      this version is on trial: the machine goes back to the one before unless it is confirmed within 4 min\n";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn the_end_of_the_last_boot_is_one_line_and_only_shown_when_it_is_known() {
    let last = |end| Status {
        last_boot: Some(LastBoot {
            found_by: String::new(),
            version: Some("1.2.2".into()),
            root_hash: None,
            was_ready: None,
            end,
            reset_by_watchdog: false,
            kernel: vec!["x".repeat(200), "y".into()],
            kept: None,
        }),
        ..status(Mode::Running)
    };
    let shown = page(&last(BootEnd::Panic), &[], &[]);
    let expected = "  Last boot  release 1.2.2: the kernel panicked: xxx";
    let line = shown.lines().find(|line| line.starts_with(expected));
    assert!(line.is_some_and(|line| line.ends_with("x …")), "{shown}");
    let shown = page(&last(BootEnd::NotKnown), &[], &[]);
    assert!(!shown.contains("Last boot"), "{shown}");
}

fn node(ready: bool) -> NodeState {
    NodeState {
        name: "shed".into(),
        ready,
        answered_ms: Some(Millis(1)),
        ..NodeState::default()
    }
}

fn running(node: NodeState) -> Status {
    Status {
        node: Some(node),
        ..status(Mode::Running)
    }
}

fn page(status: &Status, addresses: &[IpAddr], notes: &[String]) -> String {
    render(&View {
        status,
        addresses: addresses.to_vec(),
        notes,
    })
}

fn here() -> [IpAddr; 2] {
    [
        [10, 0, 0, 7].into(),
        "2001:db8::7".parse().expect("address"),
    ]
}

#[test]
fn a_ready_node() {
    assert_eq!(
        page(&running(node(true)), &here(), &[]),
        "
  Holdfast 1.2.3   slot ?   shed
  Addresses  10.0.0.7  2001:db8::7
  State      node shed is Ready

"
    );
}

#[test]
fn addresses_where_they_are_and_where_they_are_wanted() {
    let none = "\n  Addresses  none that others can reach: look at cable, DHCP and network in config.yaml\n";
    for (case, status, expected) in [
        ("a node", running(node(true)), true),
        ("maintenance", status(Mode::Maintenance), true),
        ("no node yet", status(Mode::Running), false),
    ] {
        let without = page(&status, &[], &[]);
        assert_eq!(without.contains(none), expected, "{case}: {without}");
        let with = page(&status, &here(), &[]);
        assert!(
            with.contains("\n  Addresses  10.0.0.7  2001:db8::7\n"),
            "{case}: {with}"
        );
    }
}

#[test]
fn a_node_that_is_not_ready_says_why_if_it_knows() {
    for (reason, expected) in [
        ("", "node shed is not ready\n"),
        (
            "KubeletNotReady: no network",
            "node shed is not ready: KubeletNotReady: no network\n",
        ),
    ] {
        let node = NodeState {
            reason: reason.into(),
            ..node(false)
        };
        let page = page(&running(node), &here(), &[]);
        assert!(page.contains(&format!("  State      {expected}")), "{page}");
    }
}

#[test]
fn what_is_wrong_in_the_cluster() {
    let problem = Problem::new(
        "2 things in the cluster need mending",
        "a.yaml, document 1: no kind\nb.yaml: not YAML",
        "Mend the files.\n`holdfast logs keeper` has more.",
    );
    let node = NodeState {
        problem: Some(problem),
        waiting_for: vec!["the time".into()],
        ..node(true)
    };
    assert_eq!(
        page(&running(node), &here()[..1], &["it \x1b[2J".to_owned()]),
        "
  Holdfast 1.2.3   slot ?   shed
  Addresses  10.0.0.7
  State      node shed is Ready
  Waiting    the time

  Problem    2 things in the cluster need mending: a.yaml, document 1: no kind
             b.yaml: not YAML
  Cure       Mend the files.
             `holdfast logs keeper` has more.
  Note       it  [2J

"
    );
}

#[test]
fn notes_are_counted_and_cut() {
    let long = format!("first line {}\nsecond", "x".repeat(200));
    let configured: Vec<String> = vec!["one".into(), long];
    let status = Status {
        notes: vec!["no watchdog".into(), "a clock".into(), "a disk".into()],
        ..status(Mode::Running)
    };
    let page = page(&status, &[], &configured);
    let cut = format!("first line {} …", "x".repeat(129));
    assert_eq!(
        page.split_once("yet\n").expect("the state").1,
        format!(
            "  Note       one
  Note       {cut}
  Note       no watchdog
  Note       and 2 more: see `holdfast status`

"
        )
    );
}

#[test]
fn maintenance_says_where_what_is_wrong_and_what_to_do() {
    let broken = ServiceStatus {
        name: ServiceName::new("time").expect("name"),
        kind: Kind::Daemon,
        state: ServiceState::Pausing,
        pid: None,
        restarts: 3,
        last_exit: Some(Exit::Code(1)),
        since_ms: Millis(0),
        waiting_for: Vec::new(),
        last_output: Vec::new(),
    };
    let problem = Problem::new(
        "The configuration is wrong",
        "config.yaml:3: unknown key\n  hostnme: x",
        "Mend it.\nThen reboot.",
    );
    let status = Status {
        problem: Some(problem),
        services: vec![broken],
        ..status(Mode::Maintenance)
    };
    let notes = ["there is no last good configuration: network by DHCP, no ssh keys".to_owned()];
    assert_eq!(
        page(&status, &here()[..1], &notes),
        "
  Holdfast 1.2.3   slot ?   shed
  Addresses  10.0.0.7
  State      MAINTENANCE: waiting for a person
  Failing    service time (exit code 1): see `holdfast logs time`

  Problem    The configuration is wrong: config.yaml:3: unknown key
               hostnme: x
  Cure       Mend it.
             Then reboot.
  Note       there is no last good configuration: network by DHCP, no ssh keys

"
    );
}
