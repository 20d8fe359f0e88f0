//! How long the end of the machine may take, and how the services that have a part in it find each other.

use crate::{Paths, Settings};
use std::path::PathBuf;
use std::time::Duration;

/// What the kubelet may take beyond the pods' time, to hear of the end and to note what became of them; and what the keeper may
/// take beyond that.
const SLACK: Duration = Duration::from_secs(5);

/// How long pods have to end with the machine.
pub(crate) fn seconds(settings: &Settings) -> Duration {
    Duration::from_secs(settings.shutdown_seconds.into())
}

/// How long the keeper waits for the kubelet.
pub(crate) fn patience(settings: &Settings) -> Duration {
    seconds(settings) + SLACK
}

/// How long the keeper may take to end with the machine.
pub(crate) fn stop_timeout(settings: &Settings) -> Duration {
    patience(settings) + SLACK
}

/// Exists when the kubelet may start: it asks once to be told of the end, and never again if nobody answers.
pub(crate) fn ready_sign(paths: &Paths) -> PathBuf {
    paths.run().join("keeper-ready")
}
