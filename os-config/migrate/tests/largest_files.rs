//! The worst that fits into the size limit must not keep a machine busy, and what is made of it is sound.

#[path = "../../tests/largest_files/inputs.rs"]
mod inputs;

use std::time::Duration;

use inputs::{inputs, on_cpu};
use os_config::{Sources, load};

/// Inputs that even k3OS could not read: more values than a configuration may have.
const NOT_READ: [&str; 1] = ["too many values"];

#[test]
fn they_are_migrated_quickly() {
    for (name, text, _) in inputs() {
        // Else they were no files of k3OS.
        let text = text.replacen("version: 1", "run_cmd: a", 1);
        let begin = on_cpu();
        match migrate::migrate("k3os.yaml", text.as_bytes()) {
            Ok(done) => {
                let loaded = load(&Sources::one("config.yaml", done.yaml));
                assert!(loaded.is_ok(), "{name}");
                assert!(!done.notes.is_empty(), "{name}: nothing in it is k3OS's");
            }
            Err(report) => {
                assert!(NOT_READ.contains(&name), "{name}: {report}");
                assert!(report.to_string().len() < 100_000, "{name}");
            }
        }
        let took = on_cpu() - begin;
        assert!(
            took > Duration::ZERO && took.as_secs() < 10,
            "{name} took {took:?}"
        );
    }
}
