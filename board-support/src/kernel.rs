//! A kernel's version, as far as drivers go by it.

use std::fmt;
use std::str::FromStr;

/// The first two numbers of a kernel's version: `7.3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelVersion {
    major: u32,
    minor: u32,
}

/// A text that is no such version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kernel version such as `7.3`")]
pub struct BadKernelVersion(String);

impl FromStr for KernelVersion {
    type Err = BadKernelVersion;

    /// Reads `7.3`, and a kernel's own name, `7.3.4+deb13-arm64`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadKernelVersion(text.to_owned());
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::KernelVersion;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        let version = |text: &str| text.parse::<KernelVersion>().ok();
        assert_eq!(version("7.3.4+deb13-arm64"), version("7.3"));
        assert!(version("6.12.117+deb13-arm64") < version("7.3"));
        assert!(version("7.10") > version("7.3"));
        for text in ["", "7", "7.", "seven", ".3"] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
