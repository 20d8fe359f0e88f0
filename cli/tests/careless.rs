//! What people give to the commands of a workstation by mistake: the message, and that nothing is half done.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test's files need not outlast it, and one that cannot go on shall stop where it is"
)]
#![cfg(feature = "workstation")]

mod command;

use command::{Files, HOLDFAST, nobody_reads, run};
use std::fs;
use std::process::{Command, Stdio};

/// Made by `openssl genpkey -algorithm ed25519`, for these tests alone.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n-----END PRIVATE KEY-----\n";

/// As everybody types it who is in the folder of the file.
#[test]
fn a_file_of_this_folder_is_signed_by_its_bare_name() {
    let files = Files::new();
    files.file("config.yaml", "version: 1\n");
    files.file("key.pem", KEY);
    let output = Command::new(HOLDFAST)
        .args(["config", "sign", "--key", "key.pem", "config.yaml"])
        .current_dir(files.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(files.path("config.yaml.sig").is_file());
}

/// `2>&1 | head -1`: the command must end as it would have, a disk that is being written above all.
#[test]
fn messages_that_nobody_reads_end_nothing() {
    let files = Files::new();
    let wrong = files.file("wrong.yaml", "version: 1\nhostnam: a\n");
    let k3os = files.file("k3os.yaml", "hostname: a\nno_such: 1\n");
    let none = files.path("none").to_str().unwrap().to_owned();
    nobody_reads(&["config", "migrate", &k3os]);
    for (arguments, code) in [
        (["config", "check", &wrong], 3),
        (["config", "check", &none], 1),
        (["config", "migrate", &k3os], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = Command::new(HOLDFAST)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(writer)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn what_is_no_key_is_called_what_it_is() {
    let files = Files::new();
    let config = files.file("config.yaml", "version: 1\n");
    let ssh = files.file("id_ed25519.pub", "ssh-ed25519 AAAA you@laptop\n");
    let bytes = files.file("key.der", [0xff, 0x30, 0x2e]);
    for (key, expected) in [
        (ssh.as_str(), "a key of ssh"),
        (&bytes, "there is no key in it"),
        (&config, "there is no key in it"),
        ("/dev/zero", "is no key: it has more than 64 KiB"),
    ] {
        let said = run(&["config", "sign", "--key", key, &config]);
        assert_eq!(said.code, 1, "{key}: {}", said.err);
        assert!(said.err.contains(expected), "{key}: {}", said.err);
        assert!(said.out.is_empty(), "{key}: {}", said.out);
    }
    assert!(!files.path("config.yaml.sig").exists());
    let said = run(&["config", "sign", "--key", &config, "-"]);
    assert_ne!(said.code, 0, "a signature lies beside a file");
    // The two in the wrong order: the key must not be shown.
    let key = files.file("key.pem", KEY);
    let said = run(&["config", "sign", "--key", &config, &key]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(!said.err.contains("MC4CAQ"), "{}", said.err);
}

#[test]
fn a_root_that_is_none_is_not_said_of_the_repository() {
    let files = Files::new();
    let key = files.file("root-1.pem", KEY);
    for command in ["list", "verify"] {
        let said = run(&["release", command, "--repo", "repo", "--root", &key]);
        assert_eq!(said.code, 1);
        let expected = "root-1.pem is no root of a repository: `holdfast keys init` writes it";
        assert!(said.err.contains(expected), "{}", said.err);
    }
}

#[test]
fn a_bundle_of_nothing_is_not_made() {
    let files = Files::new();
    let images = files.file("images.txt", "# later\n");
    fs::create_dir(files.path("manifests")).unwrap();
    let manifests = files.path("manifests").to_str().unwrap().to_owned();
    let stick = files.path("stick").to_str().unwrap().to_owned();
    for (option, value, expected) in [
        ("--images", images.as_str(), "images.txt names no image"),
        ("--images", "/dev/zero", "is no list of images"),
        ("--manifests", &manifests, "manifests has no manifest in it"),
    ] {
        let said = run(&["bundle", "--output", &stick, option, value]);
        assert_eq!(said.code, 1, "{value}: {}", said.err);
        assert!(said.err.contains(expected), "{value}: {}", said.err);
    }
    assert!(!files.path("stick").exists());
}
