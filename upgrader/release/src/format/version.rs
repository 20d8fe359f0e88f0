//! Versions of releases: semantic versions without a build part, since `+` in a UKI's name counts boots.

use std::fmt;
use std::str::FromStr;

/// No version is longer: it becomes part of file names on the boot partition.
const LONGEST: usize = 40;

/// A text is not the name that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}")]
pub struct NameError {
    /// What was read.
    pub text: String,
    /// What it should be, with an example.
    pub what: &'static str,
}

/// The version of a release. Ordered by precedence: 0.2.0-rc.1 is older than 0.2.0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(semver::Version);

impl FromStr for Version {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parsed = semver::Version::parse(text).ok();
        parsed
            .filter(|version| version.build.is_empty() && text.len() <= LONGEST)
            .map(Version)
            .ok_or_else(|| NameError {
                text: text.chars().take(2 * LONGEST).collect(),
                what: "a version of a release: three numbers, and after a '-' what comes before them (0.2.0, 0.2.0-rc.1), 40 characters at most",
            })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, good) in [
            ("0.1.0", true),
            ("0.2.0-rc.1", true),
            ("10.20.30", true),
            ("0.2.0+1", false),
            ("0.2", false),
            ("v0.2.0", false),
            ("", false),
            ("../0.2.0", false),
            ("0.2.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(text.parse::<Version>().is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn precedence() {
        let ordered = ["0.1.9", "0.1.10", "0.2.0-rc.1", "0.2.0-rc.2", "0.2.0"];
        let versions: Vec<Version> = ordered.iter().map(|v| v.parse().unwrap()).collect();
        assert!(versions.is_sorted());
    }
}
