//! What is published must be what the program does: schema, reference, sample.
//!
//! `HOLDFAST_BLESS=1` writes the published files anew.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

use std::path::{Path, PathBuf};

use os_config::{Sources, load, reference, sample, schema_json};

const BEGIN: &str =
    "<!-- keys: made by `HOLDFAST_BLESS=1 cargo test -p os-config --test docs` -->\n";
const END: &str = "<!-- end of keys -->";

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name)
}

fn compare(path: &Path, want: &str) {
    if std::env::var_os("HOLDFAST_BLESS").is_some() {
        std::fs::write(path, want).expect("the file can be written");
    }
    let is = std::fs::read_to_string(path).expect("the published file is there");
    assert!(is == want, "{} is not up to date", path.display());
}

#[test]
fn the_published_schema_is_up_to_date() {
    compare(&docs("config.schema.json"), &schema_json());
}

#[test]
fn the_published_reference_is_up_to_date() {
    let path = docs("config.md");
    let page = std::fs::read_to_string(&path).expect("docs/config.md is there");
    let (head, rest) = page.split_once(BEGIN).expect("the page has its mark");
    let (_, tail) = rest.split_once(END).expect("the page has its end mark");
    compare(&path, &format!("{head}{BEGIN}\n{}{END}{tail}", reference()));
}

#[test]
fn every_key_of_the_reference_has_a_meaning() {
    for line in reference().lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 3, "{line}");
        assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{line}");
    }
}

#[test]
fn the_sample_is_valid_as_it_is() {
    load(&Sources::one("config.yaml", sample())).unwrap_or_else(|report| panic!("{report}"));
}

/// Examples are lines that begin with `#` and no blank.
#[test]
fn the_sample_is_valid_with_every_example_switched_on() {
    let key = "AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake";
    let real = "AAAAC3NzaC1lZDI1NTE5AAAAIJ2lQ1mVJZyYb0m9bYwDMLzSp0vH8o3rYt1kJm4c9XfQ";
    let on: String = sample()
        .replace(key, real)
        .replace("$6$replace$me", &format!("$6$abcdefgh${}", "x".repeat(86)))
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with("# ") && !is_prose(rest) => rest,
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(
        on.lines().filter(|line| !line.starts_with('#')).count() > 60,
        "{on}"
    );
    load(&Sources::one("config.yaml", on)).unwrap_or_else(|report| panic!("{report}"));
}

/// Prose has one blank after the `#`, examples none or, inside a group, two and more.
fn is_prose(rest: &str) -> bool {
    rest.starts_with(' ') && !rest.starts_with("  ")
}

#[test]
fn every_published_example_is_valid() {
    let mut count = 0;
    let entries = ["config-examples", "examples"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(docs(folder)).expect("the folder is there"));
    for entry in entries {
        let path = entry.expect("an entry can be read").path();
        let text = std::fs::read(&path).expect("the example can be read");
        load(&Sources::one(path.display().to_string(), text))
            .unwrap_or_else(|report| panic!("{report}"));
        count += 1;
    }
    assert!(count >= 5, "only {count} examples");
}

#[test]
fn the_sample_of_the_virtual_machine_runs_the_system_image_of_this_version() {
    let sample = std::fs::read_to_string(docs("examples/vm.yaml")).expect("the sample is there");
    let image = concat!(
        "image: holdfast.local/system:",
        env!("CARGO_PKG_VERSION"),
        "\n"
    );
    assert!(sample.contains(image), "{image}");
}
