//! What a disk is known by: the signatures that util-linux finds on it. It knows some hundred file systems, RAIDs and tables, and where
//! each has its own.

use host::Command;
use serde::Deserialize;
use std::path::Path;

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What has it: `gpt`, `ext4`, `linux_raid_member`, `LVM2_member`.
    pub kind: String,
    /// Where it is, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// It cannot be found out what is on a disk.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The program failed, for example because the disk does.
    #[error("cannot find out what is on it: {0}")]
    Run(#[from] host::CommandError),
    /// It said something else than expected.
    #[error("cannot find out what is on it: wipefs says {0:?}")]
    Output(String),
}

#[derive(Deserialize)]
struct Listing {
    signatures: Vec<Raw>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: String,
    offset: String,
    length: u64,
}

/// The signatures on a disk. Nothing is written.
///
/// # Errors
/// It cannot be read.
pub fn signatures(disk: &Path) -> Result<Vec<Signature>, SignatureError> {
    let command = Command::new("wipefs")
        .args(["--no-act", "--json", "--output", "TYPE,OFFSET,LENGTH"])
        .arg(disk);
    parse(&command.run()?.text())
}

/// Reads what `wipefs --json` says: nothing at all of an empty disk.
fn parse(text: &str) -> Result<Vec<Signature>, SignatureError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let wrong = || SignatureError::Output(text.chars().take(200).collect());
    let listing: Listing = serde_json::from_str(text).map_err(|_| wrong())?;
    let signature = |raw: Raw| {
        let digits = raw.offset.strip_prefix("0x")?;
        Some(Signature {
            kind: raw.kind,
            offset: u64::from_str_radix(digits, 16).ok()?,
            length: raw.length,
        })
    };
    listing
        .signatures
        .into_iter()
        .map(|raw| signature(raw).ok_or_else(wrong))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Signature, parse};
    use proptest::prelude::*;

    #[test]
    fn what_wipefs_says() {
        assert_eq!(parse("").expect("an empty disk"), []);
        let text = r#"{"signatures": [{"type": "ext4", "offset": "0x438", "length": 2}]}"#;
        let expected = Signature {
            kind: "ext4".into(),
            offset: 0x438,
            length: 2,
        };
        assert_eq!(parse(text).expect("one"), [expected]);
        for wrong in [
            "wipefs: error",
            "{}",
            r#"{"signatures": [{"type": "x", "offset": "438", "length": 2}]}"#,
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
