//! What goes wrong with certificates and keys.

use crate::file::FileError;
use std::path::PathBuf;
use thiserror::Error;

/// Certificates could not be made, read or kept.
#[derive(Debug, Error)]
pub enum PkiError {
    /// A certificate could not be made.
    #[error("cannot make the certificate {name}")]
    Make {
        /// Whose.
        name: String,
        /// Why.
        source: rcgen::Error,
    },
    /// A kept authority cannot be read.
    #[error("cannot read {path}; the cluster's identity is there, restore it from a backup")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A kept authority is damaged.
    #[error(
        "{path} is not a valid certificate or key; the cluster's identity is there, restore it from a backup"
    )]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rcgen::Error,
    },
    /// The key for Secrets is gone although there is a cluster.
    #[error(
        "{path} is missing although the cluster exists; without it no Secret can be read: restore it from a backup"
    )]
    NoEncryptionKey {
        /// The file.
        path: PathBuf,
    },
    /// The authorities are gone although there is a cluster.
    #[error(
        "{path} is missing although the cluster exists ({database}); new ones would be strangers to it and to all who know it: restore the folder from a backup, or remove {cluster} and restart for a new, empty cluster"
    )]
    NoAuthorities {
        /// The folder.
        path: PathBuf,
        /// What shows that there is a cluster.
        database: PathBuf,
        /// All of the cluster.
        cluster: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot keep the cluster's certificates")]
    Write(#[from] FileError),
}
