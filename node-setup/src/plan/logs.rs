//! Logs that outlast a reboot, for those who pay for it in flash writes.

use crate::facts::Facts;
use crate::step::{OnFailure, Step};
use init_api::paths;
use os_config::Config;

/// Once a boot, before services with much to say have started. What is in memory by then is taken along; PID 1 notices with
/// the next line that the same path leads elsewhere.
pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    if !config.logs.persist || !facts.first_run {
        return Vec::new();
    }
    vec![
        Step::dir(paths::KEPT_LOGS, 0o700),
        Step::Bind {
            from: paths::KEPT_LOGS.into(),
            at: paths::LOGS.into(),
            on_failure: OnFailure::Report,
        },
    ]
}
