//! Why keys could not be made or used.

use std::io;
use std::path::{Path, PathBuf};

/// Keys cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The folder has keys.
    #[error("{0} has keys or a root already, and keys are never overwritten: give another folder")]
    Taken(PathBuf),
    /// A number of keys that cannot be.
    #[error(
        "{threshold} of {keys} root keys cannot be: the threshold is at least 1 and at most the number of keys"
    )]
    Threshold {
        /// How many must sign.
        threshold: u8,
        /// How many there are.
        keys: u8,
    },
    /// A file is no key.
    #[error(
        "{path} is no ed25519 key in PEM (PKCS#8): {why}. A folder of keys has no other files that end in .pem"
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// Random numbers cannot be had.
    #[error("cannot draw a key: the system gives no random numbers")]
    Random(#[source] io::Error),
    /// Something could not be signed.
    #[error("cannot sign: {0}")]
    Sign(String),
    /// Keys that are needed are elsewhere.
    #[error(
        "{folder} has {found} of the keys that the root names for {role}, and {needed} must sign: bring the others (ids {ids})"
    )]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// Whose keys.
        role: String,
        /// How many are there.
        found: usize,
        /// How many must sign.
        needed: u64,
        /// Beginnings of the ids that the root names.
        ids: String,
    },
}

impl KeyError {
    /// For `map_err` on reads.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| KeyError::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// For `map_err` on writes.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| KeyError::Write {
            path: path.to_owned(),
            source,
        }
    }
}
