//! What a person is told about a migration.

use std::fmt;

use os_config::Remark;

/// Something that a person should know about a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line in the file, from 1.
    pub line: usize,
    /// The column there, from 1; `None` for notes on a k3OS configuration, whose values also come from files inside the file.
    pub column: Option<usize>,
    /// The key as it is written there, or the key it became.
    pub key: String,
    /// What happened to it, or what to do.
    pub message: String,
    /// True when it was carried over, if changed; false when it was left out.
    pub carried: bool,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}: {}", self.key, self.message)
    }
}

/// What a migration makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A configuration, which passes `load`.
    Configuration,
    /// So many manifests of `Upgrade`, which the API server takes once a person has filled in where releases come from.
    Upgrades(usize),
}

/// What became of a k3OS configuration, or of Plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// What the text is.
    pub made: Made,
    /// The configuration for Holdfast, or the manifests.
    pub yaml: String,
    /// What was changed on the way and what could not be carried over, in the order of the lines.
    pub notes: Vec<Note>,
    /// What is right in it and may still be a mistake.
    pub remarks: Vec<Remark>,
}
