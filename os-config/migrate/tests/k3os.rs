//! k3OS configurations, migrated.
//!
//! `tests/k3os/NAME.yaml` is the input, `NAME.out.yaml` the result, `NAME.notes` what is said about it.
//! `HOLDFAST_BLESS=1` writes the results anew: read the difference before you commit it.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

mod golden;

use golden::{compare, damaged, notes, samples};
use migrate::migrate;
use os_config::{Sources, load};
use proptest::prelude::{prop_assert, proptest};

#[test]
fn every_sample_is_migrated_as_written_down_and_accepted() {
    let mut wrong = Vec::new();
    for sample in samples("tests/k3os", 16) {
        let text = std::fs::read(&sample).expect("the sample can be read");
        let done = migrate("k3os.yaml", &text)
            .unwrap_or_else(|report| panic!("{}: {report}", sample.display()));
        compare(&sample.with_extension("out.yaml"), &done.yaml, &mut wrong);
        compare(&sample.with_extension("notes"), &notes(&done), &mut wrong);
        if let Err(report) = load(&Sources::one("config.yaml", done.yaml.as_str())) {
            panic!(
                "{} is not accepted:\n{report}\n{}",
                sample.display(),
                done.yaml
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let cases = [
        ("", "the file is empty"),
        (
            "#!/bin/sh\necho hi\n",
            "this is a script, not a configuration",
        ),
        (
            "- a\n",
            "a k3OS configuration is a mapping (key: value), not a list",
        ),
        ("a: [\n", "a `[` is opened and not closed"),
        ("? [a]\n: b\n", "a key must be a plain word"),
        (
            "a: &a [*a]\n",
            "this alias is inside the value that it repeats",
        ),
    ];
    for (text, want) in cases {
        let report = migrate("k3os.yaml", text.as_bytes()).expect_err(text);
        assert_eq!(report.problems()[0].message, want, "{text}");
    }
}

#[test]
fn files_of_other_systems_are_called_what_they_are() {
    let cases = [
        (
            "version: v1alpha1\nmachine: {type: worker}\ncluster: {}\n",
            "of Talos",
        ),
        (
            "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n",
            "of Talos",
        ),
        (
            "variant: fcos\nversion: 1.5.0\npasswd: {users: [{name: core}]}\n",
            "Butane",
        ),
        (
            r#"{"ignition": {"version": "3.4.0"}, "storage": {"files": []}}"#,
            "Ignition",
        ),
        (
            "#cloud-config\nstages: {boot: [{hostname: a}]}\n",
            "of Kairos",
        ),
        (
            "#cloud-config\ninstall: {device: auto}\nk3s: {enabled: true}\n",
            "of Kairos",
        ),
        ("#cloud-config\nusers: [{name: a}]\n", "of cloud-init"),
        ("#cloud-config\nfqdn: a.example\n", "of cloud-init"),
        (
            "Content-Type: multipart/mixed; boundary=\"a\"\nMIME-Version: 1.0\n",
            "of cloud-init",
        ),
        (
            "network: {version: 2, ethernets: {eth0: {dhcp4: true}}}\n",
            "of netplan",
        ),
        (
            "write-kubeconfig-mode: '0644'\ntoken: a\n",
            "k3s's own config.yaml",
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n",
            "Kubernetes (Deployment)",
        ),
        (
            "version: 1\nhostname: a\nkubernetes: {}\n",
            "for Holdfast already",
        ),
        ("token: a\nlabels: {a: b}\n", "`token` only below `k3os:`"),
        ("colour: green\n", "none of its keys is one of k3OS"),
        ("{}\n", "none of its keys is one of k3OS"),
    ];
    for (text, want) in cases {
        let report = migrate("other.yaml", text.as_bytes()).expect_err(text);
        let problem = &report.problems()[0];
        assert!(problem.message.contains(want), "{text}: {report}");
        assert!(!problem.help.is_empty(), "{text}: {report}");
    }
    let report = migrate("k3os.yaml", b"hostnmae: a\n").expect_err("a typing error alone");
    assert!(
        report.to_string().contains("was `hostname` meant"),
        "{report}"
    );
}

/// What k3OS and others have in common is understood, whoever the file was written for.
#[test]
fn what_is_understood_of_other_systems_stays_so() {
    for (text, want) in [
        (
            "#cloud-config\nhostname: a\nusers: [kairos]\nstages: {}\n",
            "hostname: a",
        ),
        (
            "#cloud-config\nruncmd: [echo]\npackages: [vim]\n",
            "run_commands",
        ),
        ("#cloud-config\nbootcmd: [echo]\n", "boot_commands"),
        (
            "ssh_authorized_keys: [github:a]\ninstall: {auto: true}\n",
            "github:a",
        ),
        ("version: 1\nk3os: {labels: {a: b}}\n", "a: b"),
    ] {
        let done = migrate("k3os.yaml", text.as_bytes());
        let done = done.unwrap_or_else(|report| panic!("{text}: {report}"));
        assert!(done.yaml.contains(want), "{text}: {}", done.yaml);
    }
}

#[test]
fn what_aliases_make_too_large_is_refused() {
    let large = "x".repeat(100_000);
    let files = "- {path: /etc/a, content: *large}\n".repeat(20);
    let text = format!("hostname: a\ninit_cmd:\n- &large {large}\nwrite_files:\n{files}");
    let report = migrate("k3os.yaml", text.as_bytes()).expect_err("2 MB");
    assert!(
        report.problems()[0].message.contains("too large"),
        "{report}"
    );
}

/// What was left out must not push the configuration over the limit by its comment.
#[test]
fn comments_that_do_not_fit_stay_out() {
    let large = "x".repeat(600_000);
    let text = format!("run_cmd:\n- &large echo {large}\nk3os: {{lost: *large}}\n");
    let done = migrate("k3os.yaml", text.as_bytes()).unwrap_or_else(|report| panic!("{report}"));
    load(&Sources::one("config.yaml", done.yaml.as_str()))
        .unwrap_or_else(|report| panic!("{report}"));
    assert!(done.notes.iter().any(|note| note.key == "k3os.lost"));
}

proptest! {
    #[test]
    fn what_becomes_of_a_damaged_sample_is_accepted(text in damaged("tests/k3os")) {
        if let Ok(done) = migrate("k3os.yaml", text.as_bytes()) {
            let loaded = load(&Sources::one("config.yaml", done.yaml.as_str()));
            prop_assert!(loaded.is_ok(), "{}", done.yaml);
        }
    }
}
