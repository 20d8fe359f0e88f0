//! The command as people and scripts meet it: what it says, and the exit code.
#![cfg(feature = "node")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const HOLDFAST: &str = env!("CARGO_BIN_EXE_holdfast");

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Said {
    let output = Command::new(HOLDFAST)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Files(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and gives its path.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let files = Files::new();
    let cases: [(&str, Vec<u8>, i32, &[&str]); 8] = [
        ("right", "version: 1\nhostname: edge-1\n".into(), 0, &[]),
        (
            "unknown key",
            "version: 1\nhostnam: x\n".into(),
            3,
            &["unknown key `hostnam`", ":2:1", "did you mean `hostname`?"],
        ),
        (
            "wrong type",
            "version: 1\nlabels: 7\n".into(),
            3,
            &["labels", ":2:"],
        ),
        (
            "tab",
            "version: 1\nnetwork:\n\tdns: {}\n".into(),
            3,
            &["this line is indented with a tab", ":3:1"],
        ),
        ("empty", "".into(), 3, &["the file is empty"]),
        (
            "not UTF-8",
            b"version: 1\nhostname: \xff\n".to_vec(),
            3,
            &["is not UTF-8 text"],
        ),
        (
            "path",
            "version: 1\nwrite_files: [{path: /usr/bin/x, content: y}]\n".into(),
            3,
            &[
                "\"/usr/bin/x\" is in the sealed part of the image",
                "/etc, /var",
            ],
        ),
        (
            "CIDR",
            "version: 1\nkubernetes: {pod_cidr: 10.42.0.0/33}\n".into(),
            3,
            &["kubernetes.pod_cidr"],
        ),
    ];
    for (name, text, code, messages) in cases {
        let path = files.file("config.yaml", text);
        let said = run(&["config", "check", &path]);
        assert_eq!(said.code, code, "{name}: {}", said.err);
        for message in messages {
            assert!(
                said.err.contains(message),
                "{name}: {message} is not in\n{}",
                said.err
            );
        }
    }
}

#[test]
fn a_file_of_50_megabytes_is_refused_by_its_size() {
    let files = Files::new();
    let path = files.file("config.yaml", "version: 1\n");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(50_000_000).unwrap();
    for command in ["check", "migrate"].map(|verb| ["config", verb, &path]) {
        if command[1] == "migrate" && cfg!(not(feature = "workstation")) {
            continue;
        }
        let said = run(&command);
        assert_eq!(said.code, 3, "{command:?}: {}", said.err);
        let message = "the file has more than 1 MiB, the most that is read";
        assert!(said.err.contains(message), "{command:?}: {}", said.err);
    }
}

#[test]
fn check_of_what_cannot_be_read() {
    let files = Files::new();
    let missing = run(&["config", "check", files.path("no").to_str().unwrap()]);
    assert_eq!(
        (missing.code, missing.err.contains("No such file")),
        (1, true),
        "{}",
        missing.err
    );
    let folder = run(&["config", "check", files.path("").to_str().unwrap()]);
    assert_eq!(
        (folder.code, folder.err.contains("is a folder")),
        (1, true),
        "{}",
        folder.err
    );
}

#[test]
fn the_sample_and_the_schema_are_good() {
    let files = Files::new();
    let sample = run(&["config", "sample"]);
    assert_eq!(
        run(&["config", "check", &files.file("sample.yaml", sample.out)]).code,
        0
    );
    let schema: serde_json::Value = serde_json::from_str(&run(&["config", "schema"]).out).unwrap();
    assert!(schema["properties"]["hostname"].is_object());
}

#[cfg(feature = "workstation")]
#[test]
fn migrate_makes_what_check_accepts() {
    let files = Files::new();
    let old = files.file("k3os.yaml", "hostname: shop\nsshAuthorizedKeys: [github:octocat]\nk3os:\n  ntp_server: ntp.example\n  no_such: 1\n");
    let migrated = run(&["config", "migrate", &old]);
    assert_eq!(migrated.code, 0, "{}", migrated.err);
    assert!(migrated.out.contains("ntp_servers"), "{}", migrated.out);
    assert!(
        migrated.err.contains("left out: line 5"),
        "{}",
        migrated.err
    );
    assert_eq!(
        run(&["config", "check", &files.file("new.yaml", migrated.out)]).code,
        0
    );
}

#[test]
fn show_diff_and_explain_of_files() {
    let files = Files::new();
    let one = files.file(
        "one.yaml",
        "version: 1\nhostname: one\npassword: correct horse\n",
    );
    let two = files.file(
        "two.yaml",
        "version: 1\nhostname: two\npassword: correct horse\n",
    );
    let shown = run(&["config", "show", "--file", &one]);
    assert!(
        shown.out.contains("hostname: one") && !shown.out.contains("horse"),
        "{}",
        shown.out
    );
    assert!(
        run(&["config", "show", "--secrets", "--file", &one])
            .out
            .contains("correct horse")
    );
    let differs = run(&["config", "diff", &two, "--file-before", &one]);
    assert_eq!(
        (differs.code, differs.out.as_str()),
        (4, "~ hostname: \"one\" -> \"two\"   [at once]\n")
    );
    assert_eq!(
        run(&["config", "diff", &one, "--file-before", &one]).code,
        0
    );
    let explained = run(&["config", "explain", "hostname", "--file", &one]);
    assert!(
        explained.out.contains("hostname = \"one\""),
        "{}",
        explained.out
    );
    let unknown = run(&["config", "explain", "hostnam", "--file", &one]);
    assert!(
        unknown.code == 1 && unknown.err.contains("did you mean `hostname`?"),
        "{}",
        unknown.err
    );
}

#[test]
fn away_from_a_node_commands_say_so() {
    if std::path::Path::new("/run/holdfast").exists() {
        return;
    }
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

#[test]
fn a_wrong_trial_time_is_wrong_usage() {
    let said = run(&["config", "apply", "--try", "soon", "x"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("write a time such as 60s, 5m or 1h"),
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

/// A reader that goes away before anything is printed, as in `| head -0`.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let files = Files::new();
    let labels: String = (0..3000).map(|n| format!("  label-{n}: value\n")).collect();
    let file = files.file("config.yaml", format!("version: 1\nlabels:\n{labels}"));
    let small = files.file("small.yaml", "version: 1\n");
    let old = files.file("k3os.yaml", "hostname: shop\n");
    let logs = files.path("");
    files.file("ssh.log", "x\n");
    let cases: [&[&str]; 9] = [
        &["config", "show", "--file", &file],
        &["config", "explain", "labels", "--file", &file],
        &["config", "diff", &file, "--file-before", &file],
        &["config", "check", &small],
        &["config", "sample"],
        &["config", "schema"],
        &["config", "migrate", &old],
        &["logs", "--directory", logs.to_str().unwrap()],
        &["logs", "ssh", "--directory", logs.to_str().unwrap()],
    ];
    for arguments in cases {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(HOLDFAST)
            .args(arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {err}");
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
    }
}

#[cfg(feature = "workstation")]
#[test]
fn machines_that_do_not_run() {
    let machines = Files::new();
    let folder = machines.path("default").to_str().unwrap().to_owned();
    let nothing = format!("no virtual machine runs in {folder}; start it with `holdfast vm up`");
    let none = format!("there is no machine in {folder}; make one with `holdfast vm up`");
    let cases: [(&[&str], i32, &str); 7] = [
        (&["status"], 4, &none),
        (&["kubectl", "--", "get", "nodes"], 4, &nothing),
        (&["ssh"], 4, &nothing),
        (&["ssh", "--", "true"], 4, &nothing),
        (&["console"], 4, &nothing),
        (&["stop"], 0, "the machine does not run"),
        (&["kubectl"], 2, "required arguments"),
    ];
    for (arguments, code, message) in cases {
        let output = Command::new(HOLDFAST)
            .arg("vm")
            .args(arguments)
            .env("HOLDFAST_VM_DIR", machines.path(""))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
}
