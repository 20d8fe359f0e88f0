//! What goes wrong with images.

use crate::FileError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// An archive could not be loaded.
#[derive(Debug, Error)]
pub enum ImageError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The archive, or the folder with them.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// containerd does not take it.
    #[error(transparent)]
    Containerd(#[from] host::CommandError),
    /// containerd does not take a bundle's images.
    #[error("containerd does not take the images: {0}")]
    Import(String),
    /// A bundle is not as it should be.
    #[error(transparent)]
    Bundle(#[from] bundle::BundleError),
    /// What was loaded cannot be noted.
    #[error("cannot note what was loaded")]
    Note(#[from] FileError),
}
