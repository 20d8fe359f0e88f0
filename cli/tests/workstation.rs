//! The commands of a workstation: what they say, and the exit code.
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
use std::process::{Command, Stdio};

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
fn migrate_refuses_a_file_of_50_megabytes_by_its_size() {
    let files = Files::new();
    let path = files.file("config.yaml", "version: 1\n");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(50_000_000).unwrap();
    let said = run(&["config", "migrate", &path]);
    assert_eq!(said.code, 3, "{}", said.err);
    let message = "the file has more than 1 MiB, the most that is read";
    assert!(said.err.contains(message), "{}", said.err);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let old = Files::new();
    nobody_reads(&[
        "config",
        "migrate",
        &old.file("k3os.yaml", "hostname: shop\n"),
    ]);
}

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
