//! The commands of a node, away from one and with files: what they say, and the exit code.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

mod command;

use command::{Files, HOLDFAST, nobody_reads, run};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

#[test]
fn away_from_a_node_commands_say_so() {
    let node = std::path::Path::new("/run/holdfast");
    assert!(!node.exists(), "this test needs a machine that is no node");
    let files = Files::new();
    let file = files.file("config.yaml", "version: 1\n");
    let cases: [&[&str]; 10] = [
        &["status"],
        &["boot-times"],
        &["pods"],
        &["kubeconfig"],
        &["logs", "ssh"],
        &["reboot"],
        &["config", "show"],
        &["config", "apply", &file],
        &["config", "apply", "--try", "60s", &file],
        &["config", "confirm"],
    ];
    for arguments in cases {
        let said = run(arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {}", said.out);
        assert!(
            said.err.contains("this is not a Holdfast node"),
            "{arguments:?}: {}",
            said.err
        );
    }
}

/// On a workstation they were meant for a file.
#[test]
fn away_from_a_node_configurations_are_read_from_files() {
    let files = Files::new();
    let file = files.file("config.yaml", "version: 1\n");
    let cases: [(&[&str], &str); 3] = [
        (&["config", "show"], "with --file FILE"),
        (&["config", "explain", "hostname"], "with --file FILE"),
        (&["config", "diff", &file], "by --file-before FILE"),
    ];
    for (arguments, option) in cases {
        let said = run(arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {}", said.out);
        assert!(said.err.contains(option), "{arguments:?}: {}", said.err);
    }
}

#[test]
fn a_wrong_trial_time_is_wrong_usage() {
    let said = run(&["config", "apply", "--try", "soon", "x"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("write a time such as 60s, 5m, 1h or 30d"),
        "{}",
        said.err
    );
}

#[test]
fn logs_of_a_service() {
    let files = Files::new();
    files.file("ssh.log.1", "a\nb\n");
    files.file("ssh.log", "c\nd\n");
    files.file("time.log", "x\n");
    let directory = files.path("").to_str().unwrap().to_owned();
    let logs = |arguments: &[&str]| {
        run(&[&["logs", "--directory", directory.as_str()], arguments].concat())
    };
    assert_eq!(logs(&["ssh"]).out, "a\nb\nc\nd\n");
    assert_eq!(logs(&["-n", "3", "ssh"]).out, "b\nc\nd\n");
    assert_eq!(logs(&[]).out, "ssh\ntime\n");
    let unknown = logs(&["shh"]);
    assert!(
        unknown.code == 1
            && unknown
                .err
                .contains("there is no log of shh; there are: ssh, time"),
        "{}",
        unknown.err
    );
    let bad = logs(&["../x"]);
    assert!(
        bad.code == 1 && bad.err.contains("cannot name a service"),
        "{}",
        bad.err
    );
}

#[test]
fn logs_that_are_followed() {
    let files = Files::new();
    let path = files.file("ssh.log", "one\n");
    let mut child = Command::new(HOLDFAST)
        .args([
            "logs",
            "-f",
            "ssh",
            "--directory",
            files.path("").to_str().unwrap(),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"two\n")
        .unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "two");
    fs::rename(&path, files.path("ssh.log.1")).unwrap();
    files.file("ssh.log", "three\n");
    assert_eq!(lines.next().unwrap().unwrap(), "three");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let files = Files::new();
    files.file("ssh.log", "x\n");
    let logs = files.path("").to_str().unwrap().to_owned();
    nobody_reads(&["logs", "--directory", &logs]);
    nobody_reads(&["logs", "ssh", "--directory", &logs]);
    nobody_reads(&["logs", "-f", "ssh", "--directory", &logs]);
}
