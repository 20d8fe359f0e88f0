//! `holdfast config` with files, on any machine: what it says, and the exit code.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

mod command;

use command::{Files, nobody_reads, run};
use std::fs;

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
fn check_refuses_a_file_of_50_megabytes_by_its_size() {
    let files = Files::new();
    let path = files.file("config.yaml", "version: 1\n");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(50_000_000).unwrap();
    let said = run(&["config", "check", &path]);
    assert_eq!(said.code, 3, "{}", said.err);
    let message = "the file has more than 1 MiB, the most that is read";
    assert!(said.err.contains(message), "{}", said.err);
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
fn a_reader_that_goes_away_is_no_error() {
    let files = Files::new();
    let labels: String = (0..3000).map(|n| format!("  label-{n}: value\n")).collect();
    let file = files.file("config.yaml", format!("version: 1\nlabels:\n{labels}"));
    let small = files.file("small.yaml", "version: 1\n");
    nobody_reads(&["config", "show", "--file", &file]);
    nobody_reads(&["config", "explain", "labels", "--file", &file]);
    nobody_reads(&["config", "diff", &file, "--file-before", &file]);
    nobody_reads(&["config", "check", &small]);
    nobody_reads(&["config", "sample"]);
    nobody_reads(&["config", "schema"]);
}
