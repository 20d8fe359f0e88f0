//! How a scenario or another part of the tests ended.

use serde::{Deserialize, Serialize};

/// How a scenario ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All that was expected was seen.
    Passed,
    /// Something else was seen; the text says what.
    Failed(String),
    /// What it needs was not there, so nothing was seen; the text says what.
    NotRun(String),
}
