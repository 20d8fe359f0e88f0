//! Why a bundle is not used.

use crate::listing::ListingError;
use std::io;
use std::path::PathBuf;

/// A bundle, or a file of it, cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What the images are written to takes no more.
    #[error("the images could not be handed on")]
    Write(#[source] io::Error),
    /// The listing is larger than any that we make.
    #[error("{} has more than {limit} bytes", path.display())]
    Large {
        /// Which file.
        path: PathBuf,
        /// What is taken.
        limit: u64,
    },
    /// The listing does not say what it should.
    #[error("{} is no listing of a bundle", path.display())]
    Listing {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: ListingError,
    },
    /// A line of the signatures is none.
    #[error("{}, line {line}: no line of the form `ed25519:KEY SIGNATURE`", path.display())]
    SignatureLine {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// A key that is trusted did not make the signature that is said to be its own.
    #[error(
        "{} is not what {key} signed: it was changed after it was signed", listing.display()
    )]
    Forged {
        /// The listing.
        listing: PathBuf,
        /// Whose signature it should be.
        key: String,
    },
    /// A file is not the one that is listed.
    #[error("{} is not the file that the bundle lists: {why}", path.display())]
    Other {
        /// Which file.
        path: PathBuf,
        /// How it differs.
        why: String,
    },
    /// Its images run on other machines.
    #[error(
        "bundle {name} has images for {there} alone, and this machine is {machine}: make it again with `--platform {machine}`, which may be given twice"
    )]
    OtherMachine {
        /// The bundle.
        name: String,
        /// What they are for.
        there: String,
        /// What this machine is.
        machine: String,
    },
    /// A file that is not in the listing was asked for.
    #[error("the bundle lists no {0}")]
    NotListed(String),
}

impl BundleError {
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BundleError {
        let path = path.into();
        |source| BundleError::Read { path, source }
    }
}
