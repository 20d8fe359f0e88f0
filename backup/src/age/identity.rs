//! The private key that opens a backup.

use super::keys;
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use std::fmt;
use std::io;

const PREFIX: &str = "age-secret-key-";

/// A private key of age. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity([u8; 32]);

/// A text that holds no key.
#[derive(Debug, thiserror::Error)]
#[error(
    "this file holds no key of age: it has a line that begins with AGE-SECRET-KEY-1, as `age-keygen` writes it"
)]
pub struct IdentityError;

impl Identity {
    /// Reads a file of `age-keygen`: comments, and one key on a line.
    ///
    /// # Errors
    /// There is no key in it, or it is damaged.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        let decoded = CheckedHrpstring::new::<Bech32>(line.ok_or(IdentityError)?);
        let decoded = decoded.map_err(|_| IdentityError)?;
        let bytes: Vec<u8> = decoded.byte_iter().collect();
        if decoded.hrp() != Hrp::parse_unchecked(PREFIX) {
            return Err(IdentityError);
        }
        bytes.try_into().map(Self).map_err(|_| IdentityError)
    }

    pub(super) const fn private(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn public(&self) -> io::Result<[u8; 32]> {
        keys::public(&self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(redacted)")
    }
}
