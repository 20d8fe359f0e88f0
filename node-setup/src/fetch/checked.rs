//! An answer whose digest is known beforehand: its end is read only when it is the one that is wanted.

use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// What came is not what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OtherContent {
    /// SHA-256, in hexadecimal digits.
    pub(super) wanted: String,
    /// The same of what came.
    pub(super) got: String,
}

/// Passes an answer on; instead of the end of a wrong one comes an error, so that whoever writes it to a file never gives
/// that file its name.
pub(super) struct Checked<'a, R> {
    answer: R,
    wanted: Option<&'a str>,
    digest: Sha256,
    other: Option<OtherContent>,
}

impl<'a, R> Checked<'a, R> {
    pub(super) fn new(answer: R, wanted: Option<&'a str>) -> Self {
        Self {
            answer,
            wanted,
            digest: Sha256::new(),
            other: None,
        }
    }

    /// That reading failed because something else came.
    pub(super) fn other(self) -> Option<OtherContent> {
        self.other
    }
}

impl<R: Read> Read for Checked<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.answer.read(into)?;
        let Some(wanted) = self.wanted else {
            return Ok(count);
        };
        self.digest.update(&into[..count]);
        if count > 0 || into.is_empty() {
            return Ok(count);
        }
        let got = host::digest::hex(&self.digest.clone().finalize());
        if got == wanted {
            return Ok(0);
        }
        self.other = Some(OtherContent {
            wanted: wanted.to_owned(),
            got,
        });
        Err(io::ErrorKind::InvalidData.into())
    }
}
