//! Phases of the boot.

use crate::Millis;
use serde::{Deserialize, Serialize};

/// Which of init's two stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// In the initramfs.
    Initramfs,
    /// On the real root.
    System,
}

/// A timed phase of the boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// The stage it belongs to.
    pub stage: Stage,
    /// Its name.
    pub name: String,
    /// When it began.
    pub began_ms: Millis,
    /// When it ended; none while it runs.
    pub ended_ms: Option<Millis>,
}
