//! Architectures, by Debian's names, as `release.json` in the image has them.

use super::NameError;
use std::fmt;
use std::str::FromStr;

/// What a release is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arch {
    /// 64-bit x86.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Arch {
    /// All of them.
    pub const ALL: [Arch; 2] = [Arch::Amd64, Arch::Arm64];

    /// Debian's name.
    pub const fn name(self) -> &'static str {
        match self {
            Arch::Amd64 => "amd64",
            Arch::Arm64 => "arm64",
        }
    }
}

impl FromStr for Arch {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let found = Arch::ALL.into_iter().find(|arch| arch.name() == text);
        found.ok_or_else(|| NameError {
            text: text.chars().take(80).collect(),
            what: "an architecture: amd64, arm64",
        })
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
