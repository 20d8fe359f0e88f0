//! The kernel command line: which root this kernel belongs to.

use crate::verity::RootHash;
use thiserror::Error;

/// What the command line says about the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootSpec {
    /// `holdfast.roothash`: the verity hash that the root must have.
    pub hash: RootHash,
    /// `holdfast.rootsize`: bytes of data before the verity superblock.
    pub size: u64,
}

/// The command line does not name a root.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CmdlineError {
    /// A key is missing.
    #[error("the kernel command line has no {0}=: this kernel was not made for a Holdfast root")]
    Missing(&'static str),
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

const HASH: &str = "holdfast.roothash";
const SIZE: &str = "holdfast.rootsize";

impl RootSpec {
    /// Reads the root from a kernel command line; the last of several equal keys counts, as in the kernel.
    ///
    /// # Errors
    /// A key is missing or its value makes no sense.
    pub fn parse(cmdline: &str) -> Result<Self, CmdlineError> {
        let hash = value(cmdline, HASH)?;
        let size = value(cmdline, SIZE)?;
        let bad = |key, value: &str, expected| CmdlineError::Value {
            key,
            value: value.into(),
            expected,
        };
        Ok(Self {
            hash: RootHash::parse(hash).ok_or_else(|| bad(HASH, hash, "64 hexadecimal digits"))?,
            size: size
                .parse()
                .ok()
                .filter(|size| *size > 0 && size % 4096 == 0)
                .ok_or_else(|| bad(SIZE, size, "a number of bytes, a multiple of 4096"))?,
        })
    }
}

fn value<'a>(cmdline: &'a str, key: &'static str) -> Result<&'a str, CmdlineError> {
    cmdline
        .split_ascii_whitespace()
        .filter_map(|word| word.split_once('='))
        .filter(|(k, _)| *k == key)
        .map(|(_, v)| v)
        .next_back()
        .ok_or(CmdlineError::Missing(key))
}

#[cfg(test)]
mod tests {
    use super::RootSpec;
    use proptest::prelude::*;

    #[test]
    fn roots() {
        let hash = "ab".repeat(32);
        let good = RootSpec::parse(&format!(
            "quiet holdfast.roothash={hash} holdfast.rootsize=8192 x=y"
        ));
        assert_eq!(
            good.map(|r| (r.hash.to_string(), r.size)),
            Ok((hash.clone(), 8192))
        );
        for (cmdline, message) in [
            ("quiet".to_owned(), "the kernel command line has no holdfast.roothash=: this kernel was not made for a Holdfast root".to_owned()),
            (format!("holdfast.roothash={hash}"), "the kernel command line has no holdfast.rootsize=: this kernel was not made for a Holdfast root".to_owned()),
            (format!("holdfast.roothash={hash} holdfast.rootsize=100"), "the kernel command line has holdfast.rootsize=100: expected a number of bytes, a multiple of 4096".to_owned()),
            ("holdfast.roothash=zz holdfast.rootsize=4096".to_owned(), "the kernel command line has holdfast.roothash=zz: expected 64 hexadecimal digits".to_owned()),
        ] {
            assert_eq!(RootSpec::parse(&cmdline).map_err(|e| e.to_string()), Err(message), "{cmdline}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC*") {
            let _ = RootSpec::parse(&text);
        }
    }
}
