//! `holdfast bundle`: what is made of a configuration.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test's files need not outlast it, and one that cannot go on shall stop where it is"
)]
#![cfg(feature = "workstation")]

mod command;

use command::{Files, Said, nobody_reads, run};
use std::fs;

const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

/// A bundle with a manifest and this configuration.
fn bundle(files: &Files, config: &str) -> Said {
    let manifests = files.path("manifests");
    fs::create_dir_all(&manifests).unwrap();
    fs::write(manifests.join("a.yaml"), OBJECT).unwrap();
    let config = files.file("shop.yaml", format!("version: 1\n{config}"));
    let (stick, manifests) = (files.path("stick"), manifests.to_str().unwrap());
    let stick = stick.to_str().unwrap();
    run(&[
        "bundle",
        "--output",
        stick,
        "--manifests",
        manifests,
        "--config",
        &config,
    ])
}

#[test]
fn a_configuration_and_its_signatures_are_on_the_stick() {
    let files = Files::new();
    let lies = |name: &str| fs::read_to_string(files.path("stick").join(name)).ok();
    let beside = files.file("shop.yaml.sig", "lines\n");
    let made = bundle(&files, "hostname: a\n");
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.out.contains("0 images, 1 manifests"), "{}", made.out);
    assert_eq!(
        lies("config.yaml").as_deref(),
        Some("version: 1\nhostname: a\n")
    );
    assert_eq!(lies("config.yaml.sig").as_deref(), Some("lines\n"));
    fs::remove_file(beside).unwrap();
    assert_eq!(bundle(&files, "hostname: b\n").code, 0);
    assert_eq!(
        lies("config.yaml").as_deref(),
        Some("version: 1\nhostname: b\n")
    );
    assert_eq!(lies("config.yaml.sig"), None, "they are of another text");
}

#[test]
fn what_no_node_takes_from_such_a_stick_is_refused() {
    let files = Files::new();
    let refused = bundle(&files, "install: {}\n");
    assert_eq!(refused.code, 1, "{}", refused.err);
    let words = "has `install`, which nodes refuse from a stick with a bundle";
    assert!(refused.err.contains(words), "{}", refused.err);
    assert!(!files.path("stick").exists(), "nothing was written");
}

#[test]
fn manifests_of_the_configuration_are_looked_at() {
    let files = Files::new();
    let url = "- {name: far.yaml, url: \"https://example.com/far.yaml\"}";
    let pod = "{name: near.yaml, content: \"kind: Pod\\nspec: {containers: [{image: near:1}]}\"}";
    let refused = bundle(&files, &format!("manifests:\n{url}\n- {pod}\n"));
    assert_eq!(refused.code, 1, "{}", refused.err);
    for words in [
        "docker.io/library/near:1, named in config.yaml, manifest near.yaml",
        "manifest far.yaml of the configuration is fetched by the node",
    ] {
        assert!(refused.err.contains(words), "{}", refused.err);
    }
    let made = bundle(&files, &format!("manifests:\n{url}\n"));
    assert_eq!(made.code, 0, "{}", made.err);
}

#[test]
fn nobody_has_to_read_the_help() {
    nobody_reads(&["bundle", "--help"]);
}
