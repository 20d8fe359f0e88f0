//! The hash of a block, and the one that vouches for a whole image.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::format::HASH_SIZE;

/// The hash that vouches for a whole image.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RootHash(pub [u8; HASH_SIZE]);

/// A text is no root hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no root hash: 64 hexadecimal digits are")]
pub struct RootHashError(pub String);

impl fmt::Display for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RootHash {
    type Err = RootHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || RootHashError(text.to_owned());
        if text.len() != 2 * HASH_SIZE || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut out = [0; HASH_SIZE];
        for (index, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(out))
    }
}

/// One block's hash, given the state after the salt.
pub(super) fn hash_block(salted: &Sha256, block: &[u8]) -> [u8; HASH_SIZE] {
    salted.clone().chain_update(block).finalize().into()
}
