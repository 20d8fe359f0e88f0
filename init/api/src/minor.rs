//! A minor release of Kubernetes, which is what upgrades and downgrades are judged by.

use std::fmt;
use std::str::FromStr;

/// A minor release of Kubernetes, such as `1.36`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor {
    major: u32,
    minor: u32,
}

/// Text that is no version of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version of Kubernetes such as 1.36 or v1.36.3")]
pub struct MinorError(String);

impl FromStr for Minor {
    type Err = MinorError;

    /// Reads `1.36`, `1.36.3` and `v1.36.3-rc.0` alike.
    fn from_str(text: &str) -> Result<Self, MinorError> {
        let wrong = || MinorError(text.to_owned());
        let numbers = text.trim();
        let numbers = numbers.strip_prefix('v').unwrap_or(numbers);
        let mut parts = numbers.split('.');
        let mut next = || {
            let digits = parts.next()?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().ok())?
        };
        match (next(), next()) {
            (Some(major), Some(minor)) => Ok(Self { major, minor }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::Minor;

    #[test]
    fn versions_are_read_as_they_are_written_everywhere() {
        for (text, read) in [
            ("1.36", Some("1.36")),
            ("1.36.3\n", Some("1.36")),
            ("v1.37.2", Some("1.37")),
            ("v1.37.0-rc.1", Some("1.37")),
            ("", None),
            ("1", None),
            ("1.", None),
            ("1.x", None),
            ("1.+6", None),
            ("vv1.36", None),
            ("1.99999999999", None),
        ] {
            let minor = text.parse::<Minor>().ok().map(|minor| minor.to_string());
            assert_eq!(minor.as_deref(), read, "{text:?}");
        }
        let order = |text: &str| text.parse::<Minor>().expect(text);
        assert!(order("1.9") < order("1.10") && order("1.37") < order("2.0"));
    }
}
