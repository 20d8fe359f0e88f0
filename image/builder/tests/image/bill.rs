//! The bill of materials against what the image was made of, found out in other ways than the builder's.

use crate::{image, judge, text};
use builder::Project;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The Go programs of an image.
const GO_PROGRAMS: [&str; 4] = ["engine", "containerd", "containerd-shim-runc-v2", "system"];

fn project() -> Project {
    Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("checkout")
}

/// `name@version` of every part of a kind.
fn named(kind: &str) -> BTreeSet<String> {
    let path = image().with_extension("spdx.json");
    let bill: Value = serde_json::from_slice(&std::fs::read(path).expect("bill")).expect("JSON");
    let packages = bill["packages"].as_array().expect("list");
    packages
        .iter()
        .filter_map(|package| {
            let url = package["externalRefs"][0]["referenceLocator"].as_str()?;
            url.starts_with(kind).then(|| {
                format!(
                    "{}@{}",
                    package["name"].as_str().unwrap_or_default(),
                    package["versionInfo"].as_str().unwrap_or_default()
                )
            })
        })
        .collect()
}

fn assert_all(kind: &str, wanted: &BTreeSet<String>, at_least: usize) {
    assert!(wanted.len() >= at_least, "only {} {kind}", wanted.len());
    let named = named(kind);
    let missing: Vec<&String> = wanted.difference(&named).collect();
    assert!(missing.is_empty(), "{kind}: not in the bill: {missing:?}");
    println!("{kind} {} of {} named", wanted.len(), wanted.len());
}

#[test]
fn every_debian_package_of_the_lock_is_in_the_bill() {
    let lock = std::fs::read_to_string(project().path("buildroot/lock/amd64.lock")).expect("lock");
    let value = |line: &str, key: &str| {
        let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
        value.strip_suffix('"').map(str::to_owned)
    };
    let all = |key| lock.lines().filter_map(move |line| value(line, key));
    let wanted: BTreeSet<String> = all("name")
        .zip(all("version"))
        .map(|(name, version)| format!("{name}@{version}"))
        .collect();
    assert_all("pkg:deb/", &wanted, 100);
    // Neither more: what the lock left out is not in the image.
    assert_eq!(named("pkg:deb/"), wanted);
}

/// Go says itself what is linked into each of the programs that the image was made of.
#[test]
fn every_go_module_of_the_image_is_in_the_bill() {
    let mut wanted = BTreeSet::new();
    for program in GO_PROGRAMS {
        let path = project().path("build/engine/amd64").join(program);
        let said = judge(Command::new("go").args(["version", "-m"]).arg(path));
        wanted.extend(modules(&text(&said)));
    }
    assert_all("pkg:golang/", &wanted, 100);
}

/// `module@version` of what `go version -m` lists; a replacement counts instead of what it replaces.
fn modules(said: &str) -> BTreeSet<String> {
    let lines: Vec<Vec<&str>> = said
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let next = lines.iter().skip(1).map(Some).chain([None]);
    lines
        .iter()
        .zip(next)
        .filter_map(
            |(line, next)| match (line.as_slice(), next.map(Vec::as_slice)) {
                (["dep", ..], Some(["=>", module, version, ..]))
                | (["dep", module, version, ..], _) => Some(format!("{module}@{version}")),
                _ => None,
            },
        )
        .collect()
}

/// What cargo resolved for the node's programs, as far as it was compiled for them: cargo's metadata also holds
/// optional crates that no feature in use asks for.
#[test]
fn every_crate_of_the_nodes_programs_is_in_the_bill() {
    let node = ["--no-default-features", "--features", "node"];
    let mut wanted = BTreeSet::new();
    for (package, folder, flavour, features) in [
        ("init", "init", "static", &[][..]),
        ("pause", "image/pause", "static", &[]),
        ("holdfast", "cli", "node", &node),
    ] {
        let compiled = compiled(flavour);
        let resolved = resolved(package, folder, features);
        assert!(
            resolved.contains_key(package) && compiled.contains(package),
            "{package}"
        );
        wanted.extend(
            resolved
                .into_iter()
                .filter(|(name, _)| compiled.contains(name))
                .flat_map(|(name, versions)| {
                    versions
                        .into_iter()
                        .map(move |version| format!("{name}@{version}"))
                }),
        );
    }
    assert_all("pkg:cargo/", &wanted, 100);
}

/// Names of the packages in cargo's target folder of the image's programs.
fn compiled(flavour: &str) -> BTreeSet<String> {
    let folder = project().path(&format!(
        "build/cargo/{flavour}/x86_64-unknown-linux-gnu/release/.fingerprint"
    ));
    std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}: run `make image`", folder.display()))
        .filter_map(|entry| {
            let name = entry
                .expect("entry")
                .file_name()
                .into_string()
                .expect("text");
            name.rsplit_once('-').map(|(name, _)| name.to_owned())
        })
        .collect()
}

/// Names and versions of a package and all that is linked into it, from cargo's metadata.
fn resolved(package: &str, folder: &str, features: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let said = judge(
        Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--locked"])
            .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
            .arg("--manifest-path")
            .arg(project().path(folder).join("Cargo.toml"))
            .args(features),
    );
    let metadata: Value = serde_json::from_slice(&said.stdout).expect("JSON");
    let by_id = |list: &'static str| -> BTreeMap<&str, &Value> {
        let list = metadata.pointer(list).and_then(Value::as_array);
        let list = list.expect("a list").iter();
        list.map(|entry| (entry["id"].as_str().expect("id"), entry))
            .collect()
    };
    let (packages, nodes) = (by_id("/packages"), by_id("/resolve/nodes"));
    let start = packages.iter().find(|(_, entry)| entry["name"] == package);
    let mut todo = vec![*start.expect("the package").0];
    let mut seen = BTreeSet::new();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(id) = todo.pop() {
        // What runs in the compiler is not in the program.
        if !seen.insert(id) || packages[id]["targets"][0]["kind"][0] == "proc-macro" {
            continue;
        }
        let text = |key: &str| packages[id][key].as_str().expect("text").to_owned();
        found
            .entry(text("name"))
            .or_default()
            .insert(text("version"));
        for dependency in nodes[id]["deps"].as_array().expect("list") {
            let kinds = dependency["dep_kinds"].as_array().expect("list");
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                todo.push(dependency["pkg"].as_str().expect("id"));
            }
        }
    }
    found
}
