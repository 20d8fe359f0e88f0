//! Every way to get `config.yaml` wrong, with the whole message that a user sees.
//!
//! `tests/bad/NAME.yaml` is the input, `tests/bad/NAME.txt` the message. `HOLDFAST_BLESS=1` writes the messages anew:
//! read the difference before you commit it.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

use std::path::{Path, PathBuf};

use os_config::{LARGEST_TEXT, Source, SourceName, Sources, load};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad")
}

fn complaint(text: Vec<u8>) -> String {
    match load(&Sources::one("config.yaml", text)) {
        Ok(_) => "it was accepted\n".to_owned(),
        Err(report) => {
            for problem in report.problems() {
                assert!(problem.line >= 1 && problem.column >= 1, "{problem:?}");
                assert!(!problem.message.is_empty(), "{problem:?}");
                assert!(
                    !problem.help.is_empty() || problem.key.is_some(),
                    "{problem:?}"
                );
            }
            format!("{report}\n")
        }
    }
}

#[test]
fn every_bad_input_has_its_message() {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("tests/bad is there")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))
        .collect();
    names.sort();
    assert!(names.len() > 80, "only {} cases", names.len());
    let mut wrong = Vec::new();
    for input in names {
        let golden = input.with_extension("txt");
        let got = complaint(std::fs::read(&input).expect("the input can be read"));
        assert_ne!(got, "it was accepted\n", "{}", input.display());
        if std::env::var_os("HOLDFAST_BLESS").is_some() {
            std::fs::write(&golden, &got).expect("the message can be written");
        }
        let want = std::fs::read_to_string(&golden).unwrap_or_default();
        if got != want {
            wrong.push(format!(
                "{}\n--- want\n{want}--- got\n{got}",
                input.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_of_more_than_1_mib_is_refused_unparsed() {
    // The second is what a reader that stops at the limit hands over of any larger file.
    for length in [50 << 20, LARGEST_TEXT + 1] {
        let text = vec![b'#'; length];
        let report = load(&Sources::one("config.yaml", text)).expect_err("it is too large");
        assert_eq!(
            report.problems()[0].message,
            "the file has more than 1 MiB, the most that is read",
            "{length}"
        );
    }
}

#[test]
fn a_fetched_configuration_cannot_name_another() {
    let source = Source::new(
        SourceName::Url,
        "https://config.example/a.yaml",
        "version: 1\nconfig_url: https://config.example/b.yaml\n",
    );
    let report = load(&Sources::new().with(source)).expect_err("chains are refused");
    assert_eq!(
        report.to_string(),
        "error: a configuration that was fetched cannot name another one to fetch\n \
         --> https://config.example/a.yaml:2:1\n  |\n\
         2 | config_url: https://config.example/b.yaml\n  | ^^^^^^^^^^\n  \
         = key: config_url\n  = help: put everything into one, and remove the key here\n\n1 problem"
    );
}
