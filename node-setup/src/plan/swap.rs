//! Memory that pods do not use, compressed into a part of the machine's own.

use crate::facts::{COMPRESSED, Facts};
use crate::step::{OnFailure, Step};
use os_config::{Config, Swap};

/// A half: what is compressed takes a third of its size or less, so that this much never takes more than the rest can spare.
const PART: u64 = 2;

/// Once in a boot: it stays as it is until the next, when it is no longer asked for, too.
pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    if config.kubernetes.swap == Swap::None || facts.compresses_memory || facts.memory == 0 {
        return Vec::new();
    }
    let size = (facts.memory / PART).to_string();
    let run = |why: &str, command: &[&str]| Step::Run {
        why: why.to_owned(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        on_failure: OnFailure::Report,
    };
    vec![
        Step::LoadModules {
            names: vec!["zram".to_owned()],
            on_failure: OnFailure::Report,
        },
        run(
            "make the device for compressed memory",
            &["zramctl", "--size", &size, COMPRESSED],
        ),
        run(
            "prepare compressed memory",
            &["mkswap", "--quiet", COMPRESSED],
        ),
        run(
            "use compressed memory",
            &["swapon", "--priority", "100", COMPRESSED],
        ),
    ]
}
