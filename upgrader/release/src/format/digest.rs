//! SHA-256 digests, in hexadecimal where they are text.

use super::NameError;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Digest of bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Digest {
        Digest(Sha256::digest(bytes.as_ref()).into())
    }

    /// A digest as raw bytes, if there are 32 of them.
    pub fn from_slice(bytes: &[u8]) -> Option<Digest> {
        bytes.try_into().ok().map(Digest)
    }
}

impl FromStr for Digest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let nibble = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .filter(|_| !byte.is_ascii_uppercase())
        };
        let byte = |pair: &[u8]| Some((nibble(pair[0])? << 4 | nibble(pair[1])?) as u8);
        let bytes: Option<Vec<u8>> = match text.len() {
            64 => text.as_bytes().chunks_exact(2).map(byte).collect(),
            _ => None,
        };
        bytes
            .and_then(|bytes| Digest::from_slice(&bytes))
            .ok_or_else(|| NameError {
                text: text.chars().take(80).collect(),
                what: "a SHA-256 digest: 64 digits, 0-9 and a-f",
            })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&host::digest::hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn there_and_back() {
        let digest = Digest::of(b"abc");
        let text = digest.to_string();
        assert_eq!(text, host::digest::of_bytes(b"abc"));
        assert_eq!(text.parse(), Ok(digest));
        for wrong in [
            "",
            "ab",
            &text[1..],
            &text.to_uppercase(),
            &format!("é{}", &text[2..]),
        ] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }
}
