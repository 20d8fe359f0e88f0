//! The support bundle of a node that is a folder of files: everything in it that is no secret is in the bundle, and no secret.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

mod command;

use base64::Engine;
use command::{Files, HOLDFAST, nobody_reads, run};
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

/// Every key that there is; a test of os-config holds it to the schema. Every secret in it has the word in it.
const FULL: &str = include_str!("../../os-config/tests/full.yaml");
const WORD: &str = "SECRET";

/// Every word of the configuration with a secret in it, as it stands there and in base64.
fn secrets() -> Vec<String> {
    let words = FULL.split(|c: char| c.is_whitespace() || ",}{:@/'\"".contains(c));
    let plain: Vec<String> = words
        .filter(|word| word.contains(WORD))
        .map(str::to_owned)
        .collect();
    assert!(plain.len() >= 7, "{plain:?}");
    let encoded = plain
        .iter()
        .map(|word| base64::engine::general_purpose::STANDARD.encode(word));
    encoded.chain(plain.clone()).collect()
}

fn node(files: &Files, config: &str) {
    for (path, text) in [
        ("config/config.yaml", config.to_owned()),
        ("proc/sys/kernel/hostname", "store-17\n".to_owned()),
        (
            "proc/cmdline",
            "quiet holdfast.password=SECRET-of-the-line".to_owned(),
        ),
        ("proc/meminfo", "MemTotal: 1 kB\n".to_owned()),
        (
            "var/lib/holdfast/config/last-good/0.1.0.yaml",
            FULL.replace("SECRET-", "SECRET-old-"),
        ),
        (
            "run/holdfast/node.json",
            "{\"name\":\"store-17\"}".to_owned(),
        ),
        (
            "run/holdfast/config.json",
            format!("{{\"password\":\"{WORD}\"}}"),
        ),
    ] {
        let path = files.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let logs = files.path("run/log/holdfast");
    fs::create_dir_all(&logs).unwrap();
    let mut said = String::from("the node has begun\n");
    for secret in secrets() {
        let old = secret.replace("SECRET-", "SECRET-old-");
        said += &format!("wrong: {secret}, {{\"a\":\"{secret}\"}} x{old}x http://me:{secret}@h/\n");
    }
    said += "and SECRET-of-the-line\n";
    said += "-----BEGIN PRIVATE KEY-----\nTUlJU0VDUkVU\n-----END PRIVATE KEY-----\n";
    fs::write(logs.join("kubelet.log"), &said).unwrap();
    fs::write(logs.join("kubelet.log.1"), &said).unwrap();
}

/// The files of a bundle.
fn unpacked(bundle: &Path) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(bundle).unwrap()));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (name, text)
    });
    entries.collect()
}

fn bundle_of(files: &Files) -> BTreeMap<String, String> {
    let root = files.path("").display().to_string();
    let out = files.path("out").display().to_string();
    fs::create_dir_all(&out).unwrap();
    let said = run(&["support-bundle", "--root", &root, "--output", &out]);
    assert_eq!(said.code, 0, "{}", said.err);
    let made: Vec<_> = fs::read_dir(&out).unwrap().flatten().collect();
    assert_eq!(made.len(), 1, "one file, and nothing half done beside it");
    let name = made[0].file_name().into_string().unwrap();
    assert!(name.starts_with("holdfast-support-store-17-"), "{name}");
    unpacked(&made[0].path())
}

fn holds_no_secret(bundle: &BTreeMap<String, String>) {
    for (name, text) in bundle {
        for secret in secrets()
            .iter()
            .map(String::as_str)
            .chain([WORD, "TUlJU0VDUkVU"])
        {
            let at = text.find(secret);
            assert_eq!(
                at.map(|at| &text[at.saturating_sub(60)..at + secret.len()]),
                None,
                "{name} holds {secret}"
            );
        }
    }
}

#[test]
fn a_support_bundle_contains_no_secret() {
    let files = Files::new();
    node(&files, FULL);
    let bundle = bundle_of(&files);
    let part = |name: &str| bundle[&format!("holdfast-support/{name}")].as_str();
    // What the test looks through is there, and what it looks for was in it.
    assert!(part("logs/kubelet.log").starts_with("the node has begun\nwrong: (redacted), "));
    assert!(part("logs/kubelet.log.1").contains("(redacted)"));
    assert!(part("config/in-force.yaml").contains("hostname: full-17"));
    assert!(part("config/source-1-config-partition").contains("hostname: full-17"));
    assert!(part("config/last-good-0.1.0.yaml").contains("hostname: full-17"));
    assert_eq!(part("run/node.json"), "{\"name\":\"store-17\"}");
    assert_eq!(part("memory/meminfo"), "MemTotal: 1 kB\n");
    holds_no_secret(&bundle);
    // What cannot be had on this machine is named, with the reason.
    let index = part("index.txt");
    assert!(
        index.contains("missing  status.txt: `") && index.contains("could not be started"),
        "{index}"
    );
    assert!(
        index.contains("missing  upgrade/records: there is no such file"),
        "{index}"
    );
}

/// When a bundle is wanted most: the file is no YAML from its middle on.
#[test]
fn nor_does_that_of_a_node_whose_configuration_is_wrong() {
    let files = Files::new();
    let broken = FULL.replace("timezone: Europe/Berlin", "timezone: [Europe/Berlin");
    node(&files, &broken);
    let bundle = bundle_of(&files);
    holds_no_secret(&bundle);
    let index = &bundle["holdfast-support/index.txt"];
    assert!(
        index.contains("missing  config/in-force.yaml: The configuration is not right"),
        "{index}"
    );
    assert!(
        bundle["holdfast-support/config/source-1-config-partition"].contains("hostname: full-17")
    );
}

#[test]
fn a_full_disk_is_one_clear_message() {
    let files = Files::new();
    node(&files, FULL);
    let (root, out) = (files.path(""), files.path("bundle.tar.gz"));
    // No file may be larger than 512 bytes: what a program hears of a disk that is full, for one that cannot make a disk.
    let line = format!(
        "trap '' XFSZ; ulimit -f 1; exec {HOLDFAST} support-bundle --root {} --output {}",
        root.display(),
        out.display()
    );
    let done = Command::new("sh").args(["-c", &line]).output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(
        said.contains("there is no room for") && said.contains("--to-stick"),
        "{said}"
    );
    let left: Vec<_> = fs::read_dir(root)
        .unwrap()
        .flatten()
        .map(|it| it.file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains("bundle")),
        "{left:?}"
    );

    let file = files.file("file", "");
    let root = files.path("").display().to_string();
    let said = run(&[
        "support-bundle",
        "--root",
        &root,
        "--output",
        &format!("{file}/x"),
    ]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("cannot write"), "{}", said.err);
    nobody_reads(&["support-bundle", "--root", &root, "--output", "-"]);
}
