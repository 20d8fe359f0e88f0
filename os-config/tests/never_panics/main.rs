//! Whatever comes in, a configuration or a report with places comes out.

mod texts;

use os_config::{Source, SourceName, Sources, load, parse_config};
use proptest::prelude::{any, prop, prop_assert, proptest};
use texts::{damaged, likely_yaml};

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
    fn command_lines(text in "(holdfast\\.[a-z_.\\[\\]0-9\"]{0,30}(=[ -~]{0,12})? ){0,5}") {
        let source = Source::new(SourceName::CommandLine, "/proc/cmdline", text);
        if let Err(report) = load(&Sources::new().with(source)) {
            prop_assert!(report.problems().iter().all(|problem| problem.line >= 1 && !problem.message.is_empty()));
        }
    }

    #[test]
    fn explaining(key in "[a-z_.\\[\\]0-9\"]{0,30}") {
        let loaded = load(&Sources::one("config.yaml", include_str!("../full.yaml"))).map_err(|report| {
            proptest::test_runner::TestCaseError::fail(report.to_string())
        })?;
        let _ = loaded.explain(&key).map(|explanation| explanation.to_string());
    }
}
