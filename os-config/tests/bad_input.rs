//! Every way to get `config.yaml` wrong, with the whole message that a user sees.
//!
//! `tests/bad/NAME.yaml` is the input, `tests/bad/NAME.txt` the message. `HOLDFAST_BLESS=1` writes the messages anew:
//! read the difference before you commit it.

use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// The worst that fits into the size limit must not keep a small machine busy.
/// How long this thread has had a processor: what others do on the machine does not count (proc_schedstat of the kernel's
/// documentation).
fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    let nanos = text.split(' ').next().expect("a field");
    Duration::from_nanos(nanos.parse().expect("a number"))
}

#[test]
fn the_largest_files_are_read_quickly() {
    let lines = |begin: &str, line: &dyn Fn(usize) -> String| {
        let mut text = begin.to_owned();
        for number in 0.. {
            let line = line(number);
            if text.len() + line.len() > LARGEST_TEXT || number == 4_900 {
                return text;
            }
            text.push_str(&line);
        }
        text
    };
    let cases = [
        (
            "many labels",
            lines("version: 1\nlabels:\n", &|n| format!("  l{n}: v\n")),
            true,
        ),
        (
            "many wrong labels",
            lines("version: 1\nlabels:\n", &|n| format!("  l{n}: x y\n")),
            false,
        ),
        (
            "many unknown keys",
            lines("version: 1\n", &|n| format!("k{n}: v\n")),
            false,
        ),
        (
            "many duplicates",
            lines("version: 1\n", &|_| "a: b\n".to_owned()),
            false,
        ),
        (
            "too many values",
            format!("version: 1\nmodules:\n{}", "- m\n".repeat(20_000)),
            false,
        ),
        (
            "many interfaces",
            lines("version: 1\nnetwork:\n  interfaces:\n", &|n| {
                format!("  - name: e{n}\n")
            }),
            true,
        ),
        (
            "one long line",
            format!("version: 1\nhostname: {}\n", "a".repeat(1_000_000)),
            false,
        ),
        (
            "many taints",
            lines("version: 1\ntaints:\n", &|n| {
                format!("- t{n}=v:NoSchedule\n")
            }),
            true,
        ),
    ];
    for (name, text, good) in cases {
        let begin = on_cpu();
        let outcome = load(&Sources::one("config.yaml", text.clone()));
        assert_eq!(outcome.is_ok(), good, "{name}");
        if let Err(report) = outcome {
            assert!(report.to_string().len() < 100_000, "{name}");
        }
        let migrated = os_config::migrate("k3os.yaml", text.as_bytes());
        drop(migrated);
        let took = on_cpu() - begin;
        assert!(
            took > Duration::ZERO && took.as_secs() < 10,
            "{name} took {took:?}"
        );
    }
}
