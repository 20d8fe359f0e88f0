//! The worst that fits into the size limit must not keep a small machine busy.

mod inputs;

use std::time::Duration;

use inputs::{inputs, on_cpu};
use os_config::{Sources, load};

#[test]
fn they_are_read_quickly() {
    for (name, text, good) in inputs() {
        let begin = on_cpu();
        let outcome = load(&Sources::one("config.yaml", text));
        assert_eq!(outcome.is_ok(), good, "{name}");
        if let Err(report) = outcome {
            assert!(report.to_string().len() < 100_000, "{name}");
        }
        let took = on_cpu() - begin;
        assert!(
            took > Duration::ZERO && took.as_secs() < 10,
            "{name} took {took:?}"
        );
    }
}
