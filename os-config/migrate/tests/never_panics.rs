//! Whatever comes in, a configuration that is accepted or a report comes out.

#[path = "../../tests/never_panics/texts.rs"]
mod texts;

use migrate::migrate;
use os_config::{Sources, load};
use proptest::prelude::proptest;
use texts::{damaged, likely_yaml};

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
        // Else it were a configuration for Holdfast, which is refused as that.
        let text = [&b"run_cmd: a\n"[..], &text].concat();
        migrates(&text).map_err(proptest::test_runner::TestCaseError::fail)?;
    }
}
