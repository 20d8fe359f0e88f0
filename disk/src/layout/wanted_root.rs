//! Which root a kernel belongs to: its command line says so.

use crate::verity::{BLOCK, RootHash};
use std::fmt;

/// What a kernel's command line says about its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedRoot {
    /// `holdfast.roothash`: the verity hash that the root must have.
    pub hash: RootHash,
    /// `holdfast.rootsize`: bytes of data before the verity superblock.
    pub size: u64,
}

/// The command line does not name a root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WantedRootError {
    /// A key is missing.
    #[error("the kernel command line has no {0}=: this kernel was not made for a Holdfast root")]
    Missing(&'static str),
    /// A key stands there more than once.
    #[error(
        "the kernel command line has {0}= more than once: something was appended to what the release says; start it without that"
    )]
    Repeated(&'static str),
    /// A value makes no sense.
    #[error("the kernel command line has {key}={value}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What stands there.
        value: String,
        /// What could stand there.
        expected: &'static str,
    },
}

/// The last word of the kernel command line that a release brings, and that its signature covers. Words that are appended come
/// after it.
pub const END_OF_SIGNED: &str = "holdfast.end";

/// The word on the kernel command line that asks for maintenance mode.
pub const MAINTENANCE: &str = "holdfast.maintenance";

/// What the boot menu calls the entry whose command line has [`MAINTENANCE`].
pub const MAINTENANCE_ENTRY: &str = "maintenance mode, reset";

const HASH: &str = "holdfast.roothash";
const SIZE: &str = "holdfast.rootsize";

impl WantedRoot {
    /// Reads the root from a kernel command line. A key that is repeated is refused: firmware and virtual machines append words to a
    /// line that is signed, and the root that runs is the one that was signed with it.
    ///
    /// # Errors
    /// A key is missing or repeated, or its value makes no sense.
    pub fn parse(cmdline: &str) -> Result<Self, WantedRootError> {
        let hash = value(cmdline, HASH)?;
        let size = value(cmdline, SIZE)?;
        let bad = |key, value: &str, expected| WantedRootError::Value {
            key,
            value: value.into(),
            expected,
        };
        Ok(Self {
            hash: hash
                .parse()
                .map_err(|_| bad(HASH, hash, "64 hexadecimal digits"))?,
            size: size
                .parse()
                .ok()
                .filter(|size: &u64| *size > 0 && size.is_multiple_of(BLOCK as u64))
                .ok_or_else(|| bad(SIZE, size, "a number of bytes, a multiple of 4096"))?,
        })
    }
}

/// The words of the command line.
impl fmt::Display for WantedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HASH}={} {SIZE}={}", self.hash, self.size)
    }
}

fn value<'a>(cmdline: &'a str, key: &'static str) -> Result<&'a str, WantedRootError> {
    let mut values = cmdline
        .split_ascii_whitespace()
        .filter_map(|word| word.split_once('='))
        .filter(|(k, _)| *k == key)
        .map(|(_, v)| v);
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(WantedRootError::Repeated(key)),
        (None, _) => Err(WantedRootError::Missing(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::WantedRoot;
    use proptest::prelude::*;

    #[test]
    fn roots() {
        let hash = "ab".repeat(32);
        let good = WantedRoot::parse(&format!(
            "quiet holdfast.roothash={hash} holdfast.rootsize=8192 x=y"
        ));
        assert_eq!(
            good.as_ref().map(|r| (r.hash.to_string(), r.size)),
            Ok((hash.clone(), 8192))
        );
        let root = good.expect("a root");
        assert_eq!(WantedRoot::parse(&format!("quiet {root} x=y")), Ok(root));
        for (cmdline, message) in [
            ("quiet".to_owned(), "the kernel command line has no holdfast.roothash=: this kernel was not made for a Holdfast root".to_owned()),
            (format!("holdfast.roothash={hash}"), "the kernel command line has no holdfast.rootsize=: this kernel was not made for a Holdfast root".to_owned()),
            (format!("holdfast.roothash={hash} holdfast.rootsize=100"), "the kernel command line has holdfast.rootsize=100: expected a number of bytes, a multiple of 4096".to_owned()),
            (format!("{root} quiet holdfast.roothash={}", "cd".repeat(32)), "the kernel command line has holdfast.roothash= more than once: something was appended to what the release says; start it without that".to_owned()),
            (format!("{root} holdfast.rootsize=4096"), "the kernel command line has holdfast.rootsize= more than once: something was appended to what the release says; start it without that".to_owned()),
            ("holdfast.roothash=zz holdfast.rootsize=4096".to_owned(), "the kernel command line has holdfast.roothash=zz: expected 64 hexadecimal digits".to_owned()),
        ] {
            assert_eq!(WantedRoot::parse(&cmdline).map_err(|e| e.to_string()), Err(message), "{cmdline}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC*") {
            let _ = WantedRoot::parse(&text);
        }
    }
}
