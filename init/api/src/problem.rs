//! What is wrong, said to a person.

use serde::{Deserialize, Serialize};

/// Why the node is not running as configured, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// One line: what is wrong.
    pub title: String,
    /// What exactly, and where: file, line, key, device. May have several lines.
    pub text: String,
    /// What a person can do now. May have several lines.
    pub cure: String,
}

impl Problem {
    /// A problem from its three parts.
    pub fn new(title: impl Into<String>, text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            text: text.into(),
            cure: cure.into(),
        }
    }
}
