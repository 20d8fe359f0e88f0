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
fn migrate_makes_upgrades_of_plans() {
    let files = Files::new();
    let plan = "apiVersion: upgrade.cattle.io/v1\nkind: Plan\nmetadata: {name: nightly}\nspec: {concurrency: 2, version: v1}\n";
    let made = run(&["config", "migrate", &files.file("plan.yaml", plan)]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.out.contains("kind: Upgrade"), "{}", made.out);
    assert!(made.out.contains("maxUnavailable: 2"), "{}", made.out);
    for said in [
        "left out: line 4, column 24: spec.version: ",
        "remark: fill in `source` and `channel`",
    ] {
        assert!(made.err.contains(said), "{}", made.err);
    }
    let mixed = format!("hostname: shop\n---\n{plan}");
    let refused = run(&["config", "migrate", &files.file("mixed.yaml", mixed)]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(
        refused.err.contains("a file of their own"),
        "{}",
        refused.err
    );
    assert!(refused.out.is_empty(), "{}", refused.out);
}

#[test]
fn migrate_refuses_a_file_of_another_system() {
    let files = Files::new();
    let talos = "version: v1alpha1\nmachine: {type: worker}\ncluster: {}\n";
    let said = run(&["config", "migrate", &files.file("talos.yaml", talos)]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("of Talos"), "{}", said.err);
    assert!(said.out.is_empty(), "{}", said.out);
}

#[test]
fn a_clock_that_is_none_is_wrong_usage() {
    let said = run(&["vm", "up", "--clock", "tomorrow"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("a moment in UTC"), "{}", said.err);
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

/// A UKI, a root image and their manifest, as a build leaves them; gives what is said of them on a command line.
fn build(files: &Files, version: &str) -> Vec<String> {
    let root = files.file("root", [7; 40 * 4096]);
    let mut image = fs::File::options()
        .read(true)
        .write(true)
        .open(&root)
        .unwrap();
    let params = disk::verity::Params {
        salt: vec![1; 32],
        uuid: uuid::Uuid::nil(),
    };
    let hash = disk::verity::append(&mut image, params)
        .unwrap()
        .root_hash();
    let data_size = 40 * 4096;
    let uki = files.file(
        "efi",
        format!("holdfast.roothash={hash} holdfast.rootsize={data_size}"),
    );
    let facts = |path: &str| {
        let content = fs::read(path).unwrap();
        release::RawFile {
            size: content.len() as u64,
            sha256: release::Digest::of(content).to_string(),
        }
    };
    let manifest = release::RawManifest {
        format: release::RawManifest::FORMAT,
        version: version.to_owned(),
        arch: "amd64".to_owned(),
        root_hash: hash.to_string(),
        data_size,
        kubernetes: "1.36.3".to_owned(),
        build_time: 1_780_000_000,
        min_version: None,
        files: [
            ("uki.efi".to_owned(), facts(&uki)),
            ("root.img".to_owned(), facts(&root)),
        ]
        .into(),
    };
    let manifest = files.file("manifest.json", manifest.encode());
    let named = [("--uki", uki), ("--root", root), ("--manifest", manifest)];
    named
        .into_iter()
        .flat_map(|(name, path)| [name.to_owned(), path])
        .collect()
}

#[test]
fn a_release_from_keys_to_a_list() {
    let files = Files::new();
    let path = |name: &str| files.path(name).to_str().unwrap().to_owned();
    let (keys, repo, root) = (path("keys"), path("repo"), path("keys/root.json"));
    let made = run(&["keys", "init", "--dir", &keys]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.out.contains("keys/root-2.pem\n"), "{}", made.out);
    let again = run(&["keys", "init", "--dir", &keys]);
    assert_eq!(again.code, 1);
    assert!(
        again.err.contains("keys are never overwritten"),
        "{}",
        again.err
    );

    let built = build(&files, "0.2.0");
    let mut publish = vec!["release", "publish", "--repo", &repo, "--keys", &keys];
    publish.extend([
        "--channel",
        "stable",
        "--rollout",
        "25",
        "--severity",
        "security",
    ]);
    publish.extend(["--changelog", "Closes holes.", "--min-version", "0.1.0"]);
    publish.extend(built.iter().map(String::as_str));
    let published = run(&publish);
    assert_eq!(
        published.out, "0.2.0 for amd64 is in channel stable for 25% of its nodes\n",
        "{}",
        published.err
    );
    let again = run(&publish);
    assert!(again.out.contains("nothing was changed"), "{}", again.out);

    let read = ["--repo", &repo, "--root", &root];
    let list = run(&[&["release", "list"], &read[..]].concat());
    let expected = "0.2.0    amd64  1.36.3      stable 25%  0.1.0  security  Closes holes.";
    assert!(list.out.contains(expected), "{}{}", list.out, list.err);
    let rotated = run(&[
        "keys", "rotate", "--dir", &keys, "--repo", &repo, "--role", "targets",
    ]);
    assert!(
        rotated
            .out
            .contains("targets-2.pem signs from now on; root 2 says so"),
        "{}",
        rotated.err
    );
    let fresh = run(&[
        "release",
        "refresh",
        "--repo",
        &repo,
        "--keys",
        &keys,
        "--expires",
        "7d",
    ]);
    assert!(
        fresh.out.contains("refresh it again before"),
        "{}",
        fresh.err
    );
    let verified = run(&[&["release", "verify"], &read[..]].concat());
    assert!(
        verified.out.contains("is good: 1 releases, 5 files"),
        "{}",
        verified.err
    );

    let nothing = run(&["release", "list", "--repo", &path("none"), "--root", &root]);
    assert_eq!(nothing.code, 1);
    assert!(
        nothing.err.contains("metadata/timestamp.json is not there"),
        "{}",
        nothing.err
    );
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
