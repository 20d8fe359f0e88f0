//! k3OS configurations, migrated.
//!
//! `tests/k3os/NAME.yaml` is the input, `NAME.out.yaml` the result, `NAME.notes` what is said about it.
//! `HOLDFAST_BLESS=1` writes the results anew: read the difference before you commit it.

use std::path::{Path, PathBuf};

use os_config::{Sources, load, migrate};

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/k3os");
    let mut samples: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("tests/k3os is there")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.to_string_lossy().ends_with(".yaml"))
        .filter(|path| !path.to_string_lossy().ends_with(".out.yaml"))
        .collect();
    samples.sort();
    assert!(samples.len() >= 7, "only {} samples", samples.len());
    samples
}

fn compare(path: &Path, got: &str, wrong: &mut Vec<String>) {
    if std::env::var_os("HOLDFAST_BLESS").is_some() {
        std::fs::write(path, got).expect("the result can be written");
    }
    let want = std::fs::read_to_string(path).unwrap_or_default();
    if got != want {
        wrong.push(format!(
            "{}\n--- want\n{want}--- got\n{got}",
            path.display()
        ));
    }
}

#[test]
fn every_sample_is_migrated_as_written_down_and_accepted() {
    let mut wrong = Vec::new();
    for sample in samples() {
        let text = std::fs::read(&sample).expect("the sample can be read");
        let done = migrate("k3os.yaml", &text)
            .unwrap_or_else(|report| panic!("{}: {report}", sample.display()));
        let notes: String = done
            .notes
            .iter()
            .map(|note| format!("{}{note}\n", if note.carried { "  " } else { "! " }))
            .collect();
        compare(&sample.with_extension("out.yaml"), &done.yaml, &mut wrong);
        compare(&sample.with_extension("notes"), &notes, &mut wrong);
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
    ];
    for (text, want) in cases {
        let report = migrate("k3os.yaml", text.as_bytes()).expect_err(text);
        assert_eq!(report.problems()[0].message, want, "{text}");
    }
}
