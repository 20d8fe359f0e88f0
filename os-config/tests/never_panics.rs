//! Whatever comes in, a configuration or a report with places comes out.

use os_config::{Source, SourceName, Sources, load, migrate, parse_config};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_oneof, proptest};

/// Text that looks enough like a configuration to get past the first checks.
fn likely_yaml() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("version".to_owned()),
        Just("hostname".to_owned()),
        Just("network".to_owned()),
        Just("interfaces".to_owned()),
        Just("addresses".to_owned()),
        Just("gateway".to_owned()),
        Just("k3os".to_owned()),
        Just("k3s_args".to_owned()),
        Just("write_files".to_owned()),
        Just("content".to_owned()),
        Just("labels".to_owned()),
        Just("taints".to_owned()),
        Just("registries".to_owned()),
        Just("10.0.0.1/24".to_owned()),
        Just("--node-label=a=b".to_owned()),
        Just("&a".to_owned()),
        Just("*a".to_owned()),
        Just("|".to_owned()),
        Just("\"".to_owned()),
        "[a-zA-Z0-9_./:=$-]{0,12}",
        "\\PC{0,6}",
    ];
    let glue = prop_oneof![
        Just(": "),
        Just(":\n  "),
        Just("\n"),
        Just("\n- "),
        Just("\n  - "),
        Just("\n    "),
        Just(" "),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(", "),
        Just("\n\t"),
        Just("\n---\n"),
        Just("#"),
    ];
    prop::collection::vec((word, glue), 0..40).prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(word, glue)| [word, glue.to_owned()])
            .collect()
    })
}

/// The whole example with a few bytes changed: deep paths are reached.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let whole = include_bytes!("full.yaml").to_vec();
    let length = whole.len();
    prop::collection::vec((0..length, any::<u8>(), any::<bool>()), 1..6).prop_map(move |hits| {
        let mut text = whole.clone();
        for (at, byte, remove) in hits {
            let at = at.min(text.len() - 1);
            if remove {
                text.remove(at);
            } else {
                text[at] = byte;
            }
        }
        text
    })
}

fn has_places(text: &[u8]) -> bool {
    match parse_config("config.yaml", text) {
        Ok(_) => true,
        Err(report) => {
            let shown = report.to_string();
            report.problems().iter().all(|problem| {
                problem.line >= 1 && problem.column >= 1 && !problem.message.is_empty()
            }) && shown.contains(" --> config.yaml:")
        }
    }
}

/// What migrate makes is always accepted.
fn migrates(text: &[u8]) -> Result<(), String> {
    match migrate("k3os.yaml", text) {
        Err(report) if report.problems().is_empty() => Err("a report without a problem".to_owned()),
        Err(_) => Ok(()),
        Ok(done) => match load(&Sources::one("config.yaml", done.yaml.as_str())) {
            Ok(_) => Ok(()),
            Err(report) => Err(format!("{report}\n{}", done.yaml)),
        },
    }
}

proptest! {
    #[test]
    fn bytes(text in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(has_places(&text));
    }

    #[test]
    fn likely(text in likely_yaml()) {
        prop_assert!(has_places(text.as_bytes()));
    }

    #[test]
    fn likely_after_a_version(text in likely_yaml()) {
        let text = format!("version: 1\n{text}");
        prop_assert!(has_places(text.as_bytes()));
    }

    #[test]
    fn damaged_example(text in damaged()) {
        prop_assert!(has_places(&text));
    }

    #[test]
    fn migration_of_likely_text(text in likely_yaml()) {
        migrates(text.as_bytes()).map_err(proptest::test_runner::TestCaseError::fail)?;
    }

    #[test]
    fn migration_below_k3os(text in likely_yaml()) {
        let text = format!("k3os:\n  {}", text.replace('\n', "\n  "));
        migrates(text.as_bytes()).map_err(proptest::test_runner::TestCaseError::fail)?;
    }

    #[test]
    fn migration_of_a_damaged_example(text in damaged()) {
        migrates(&text).map_err(proptest::test_runner::TestCaseError::fail)?;
    }

    #[test]
    fn command_lines(text in "(holdfast\\.[a-z_.\\[\\]0-9\"]{0,30}(=[ -~]{0,12})? ){0,5}") {
        let source = Source::new(SourceName::CommandLine, "/proc/cmdline", text);
        if let Err(report) = load(&Sources::new().with(source)) {
            prop_assert!(report.problems().iter().all(|problem| problem.line >= 1 && !problem.message.is_empty()));
        }
    }

    #[test]
    fn explaining(key in "[a-z_.\\[\\]0-9\"]{0,30}") {
        let loaded = load(&Sources::one("config.yaml", include_str!("full.yaml"))).map_err(|report| {
            proptest::test_runner::TestCaseError::fail(report.to_string())
        })?;
        let _ = loaded.explain(&key).map(|explanation| explanation.to_string());
    }
}
