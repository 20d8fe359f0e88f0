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
    /// What was loaded cannot be noted.
    #[error("cannot note what was loaded")]
    Note(#[from] FileError),
}
