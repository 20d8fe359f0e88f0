//! What a person is told about a migration.

use std::fmt;

use os_config::Remark;

/// Something that a person should know about a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line in the k3OS file, from 1.
    pub line: usize,
    /// The key as it is written there, or the key it became.
    pub key: String,
    /// What happened to it, or what to do.
    pub message: String,
    /// True when it was carried over, if changed; false when it was left out.
    pub carried: bool,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.key, self.message)
    }
}

/// What became of a k3OS configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The configuration for Holdfast; it passes `load`.
    pub yaml: String,
    /// What was changed on the way and what could not be carried over, in the order of the lines.
    pub notes: Vec<Note>,
    /// What is right in it and may still be a mistake.
    pub remarks: Vec<Remark>,
}
