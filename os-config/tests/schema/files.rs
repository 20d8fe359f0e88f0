//! Whole files: the good ones are taken, the bad ones refused.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use os_config::{Sources, load, sample};
use serde_json::{Value as Json, json};

use super::judge::{complaints, json_of, schema, validator};

/// Files of `tests/bad` that the schema lets pass, and why it must.
const ONLY_THE_PROGRAM: &[(&str, &[&str])] = &[
    (
        "the rule is no matter of characters",
        &[
            "kubernetes-sizes",
            "password",
            "sshd-config",
            "timezone",
            "timezone-unknown",
        ],
    ),
    ("to JSON, 1.0 is a whole number", &["version-fraction"]),
    (
        "how several values go together",
        &[
            "flag-twice",
            "flag-unknown",
            "flag-value",
            "gateway-outside",
            "gateway-own-address",
            "gateway-two",
            "dns-of-the-cluster",
            "gateway-without-address",
            "install-sizes",
            "interface-dns",
            "interface-twice",
            "interface-without-address",
            "kubernetes-networks",
            "manifest-twice",
            "manifest-twice-by-ending",
            "route-into-services",
            "taint-twice",
            "time",
            "time-ca-without-nts",
            "time-servers",
        ],
    ),
    (
        "what a text holds, unpacked",
        &["write-files-base64", "write-files-gzip"],
    ),
];

fn assert_takes(validator: &Validator, name: &str, text: &[u8]) {
    let json = json_of(text).unwrap_or_else(|| panic!("{name} is not YAML"));
    let complaints = complaints(validator, &json);
    assert!(complaints.is_empty(), "{name}: {complaints:#?}");
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn it_is_a_schema() {
    jsonschema::draft202012::meta::validate(&schema()).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn it_takes_every_good_file() {
    let validator = validator();
    for path in files("../docs/config-examples", ".yaml") {
        assert_takes(&validator, &path.display().to_string(), &read(&path));
    }
    assert_takes(
        &validator,
        "tests/full.yaml",
        include_bytes!("../full.yaml"),
    );
    assert_takes(&validator, "the sample", sample().as_bytes());
}

/// Every example in the schema is one that its own part of the schema takes.
#[test]
fn it_takes_its_own_examples_and_defaults() {
    fn walk(schema: &Json, seen: &mut usize) {
        if let Some(examples) = schema.get("examples").and_then(Json::as_array) {
            let alone = jsonschema::draft202012::new(schema).expect("a part is a schema");
            for example in examples.iter().chain(schema.get("default")) {
                assert!(alone.is_valid(example), "{example} by {schema:#}");
                *seen += 1;
            }
        }
        match schema {
            Json::Object(members) => members.values().for_each(|part| walk(part, seen)),
            Json::Array(items) => items.iter().for_each(|part| walk(part, seen)),
            _ => {}
        }
    }
    let mut seen = 0;
    walk(&schema(), &mut seen);
    assert!(seen > 20, "{seen}");
}

#[test]
fn it_refuses_every_bad_file_but_those_that_only_the_program_sees_through() {
    let validator = validator();
    let mut passed = Vec::new();
    for path in files("tests/bad", ".yaml") {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if let Some(json) = json_of(&read(&path))
            && validator.is_valid(&json)
        {
            passed.push(name.into_owned());
        }
    }
    let mut listed: Vec<&str> = ONLY_THE_PROGRAM
        .iter()
        .flat_map(|(_, names)| names.iter().copied())
        .collect();
    listed.sort_unstable();
    passed.sort_unstable();
    assert_eq!(passed, listed);
}

#[test]
fn it_refuses_what_is_not_built_whatever_it_says() {
    let validator = validator();
    for key in [
        "server_url",
        "token",
        "cluster",
        "data_sources",
        "upgrade",
        "health",
    ] {
        for value in [
            Json::Null,
            json!(true),
            json!("text"),
            json!({}),
            json!([]),
            json!({ "init": true }),
        ] {
            let json = json!({ "version": 1, key: value });
            assert!(!validator.is_valid(&json), "{json}");
            let text = json.to_string();
            let report = load(&Sources::one("config.yaml", text.as_str())).expect_err(key);
            let message = &report.problems()[0].message;
            assert!(message.contains("cannot carry it out yet"), "{message}");
        }
    }
}

/// What the audit found it to take.
#[test]
fn it_refuses_the_plainest_mistakes() {
    let validator = validator();
    for text in [
        "write_files: [{}]",
        "network: {wifi: [{}]}",
        "network: {interfaces: [{}]}",
        "network: {interfaces: [{name: eth0, mtu: 1}]}",
        "network: {interfaces: [{name: eth0, addresses: [10.0.0.1]}]}",
        "images: [{}]",
        "images: [{path: /a, url: https://a.example}]",
        "manifests: [{content: a}]",
        "hostname: A B",
        "labels: {a b: c}",
        "kubernetes: {kubelet_args: {config-dir: /etc/a}}",
        "kubernetes: {kubelet_args: {--config-dir: /etc/a}}",
        "ssh_authorized_keys: [http://keys.example/site.pub]",
        "write_files: [{path: /etc/a, permissions: rw}]",
    ] {
        let text = format!("version: 1\n{text}\n");
        let json = json_of(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
        assert!(!validator.is_valid(&json), "{text}");
    }
}
