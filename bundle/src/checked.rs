//! Reading a file of a bundle.

use crate::error::BundleError;
use crate::listing::Entry;
use crate::pieces::Pieces;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};
use std::path::PathBuf;

/// Reads a file and compares it with what is listed; the last byte is given only when all are right.
pub(crate) struct Checked {
    file: Pieces,
    path: PathBuf,
    left: u64,
    expected: String,
    hasher: Sha256,
    /// What is wrong with it, when reading gave an error.
    pub(crate) wrong: Option<BundleError>,
}

impl Checked {
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn open(path: PathBuf, entry: &Entry) -> Result<Checked, BundleError> {
        let file = Pieces::open(&path).map_err(BundleError::read(&path))?;
        Ok(Checked {
            file,
            path,
            left: entry.size,
            expected: entry.sha256.clone(),
            hasher: Sha256::new(),
            wrong: None,
        })
    }

    fn refuse(&mut self, error: BundleError) -> io::Error {
        self.wrong = Some(error);
        io::ErrorKind::InvalidData.into()
    }

    fn other(&mut self, why: &str) -> io::Error {
        let (path, why) = (self.path.clone(), why.to_owned());
        self.refuse(BundleError::Other { path, why })
    }
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.file.read(buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(source) => {
                let path = self.path.clone();
                return Err(self.refuse(BundleError::Read { path, source }));
            }
        };
        if count as u64 > self.left {
            return Err(self.other("it is longer"));
        }
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            // A stick that was pulled out is no damage of the bundle.
            if let Some(path) = self.file.missing() {
                let source = io::ErrorKind::NotFound.into();
                return Err(self.refuse(BundleError::Read { path, source }));
            }
            return Err(self.other("it is shorter"));
        }
        self.left -= count as u64;
        self.hasher.update(&buffer[..count]);
        let is_last = self.left == 0 && count > 0;
        if is_last && host::digest::hex(&self.hasher.clone().finalize()) != self.expected {
            return Err(self.other("its SHA-256 is another"));
        }
        Ok(count)
    }
}
