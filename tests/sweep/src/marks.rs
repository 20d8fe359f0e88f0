//! The notes in the record: which releases may boot from here on.

use std::fmt;

/// From here on the boot loader writes.
pub const LOADER: &str = "loader";
/// And from here on our code again.
pub const SYSTEM: &str = "system";

/// Releases that may boot, the good one first, and what goes on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Allowed {
    /// Their versions. Of two, the second one is on trial.
    pub versions: Vec<String>,
    /// For people.
    pub note: String,
}

impl Allowed {
    /// These.
    pub fn new(versions: &[&str], note: &str) -> Self {
        Self {
            versions: versions.iter().map(|&version| version.to_owned()).collect(),
            note: note.to_owned(),
        }
    }

    /// Reads a note.
    pub fn parse(text: &str) -> Option<Self> {
        let (versions, note) = text.split_once('|')?;
        let versions: Vec<&str> = versions.split_whitespace().collect();
        Some(Self::new(&versions, note.trim()))
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {}", self.versions.join(" "), self.note)
    }
}
