//! Names of services: also file names of their logs and control groups.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

const LONGEST: usize = 40;

/// A service's name: 1 to 40 of `a-z`, `0-9` and `-`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(String);

/// The text cannot name a service.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0:?} cannot name a service: use 1 to {LONGEST} of a-z, 0-9 and '-', beginning with a letter"
)]
pub struct BadName(String);

impl ServiceName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// The text is empty, too long, or has other characters than `a-z`, `0-9`, `-`.
    pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
        let text = text.into();
        let good = text.len() <= LONGEST
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if good {
            Ok(Self(text))
        } else {
            Err(BadName(text))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ServiceName {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::new(text)
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> Self {
        name.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ServiceName;

    #[test]
    fn names() {
        for (text, good) in [
            ("containerd", true),
            ("cluster-prepare", true),
            ("a1", true),
            ("", false),
            ("1a", false),
            ("-a", false),
            ("../etc", false),
            ("Upper", false),
            ("a b", false),
        ] {
            assert_eq!(ServiceName::new(text).is_ok(), good, "{text:?}");
        }
        assert!(ServiceName::new("a".repeat(41)).is_err());
    }
}
