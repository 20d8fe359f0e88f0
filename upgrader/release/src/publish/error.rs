//! Why a repository could not be written.

use crate::error::Error;
use crate::format::{ContentError, NameError};
use crate::keys::KeyError;
use disk::verity::VerifyError;
use std::io;
use std::path::{Path, PathBuf};

/// A repository cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
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
    /// What is to be copied cannot be had.
    #[error(transparent)]
    Copied(#[from] Error),
    /// Keys cannot be used.
    #[error("cannot sign")]
    Keys(#[from] KeyError),
    /// What the repository has now is not good.
    #[error("the repository {repo} is not good as it is: nothing was changed")]
    Repository {
        /// Its folder.
        repo: PathBuf,
        /// What is wrong.
        source: Error,
    },
    /// Nothing was published there.
    #[error("{0} has no metadata/timestamp.json: publish a release there first")]
    Empty(PathBuf),
    /// A manifest is none.
    #[error("{path} is not the manifest of a build")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ContentError,
    },
    /// A bill of materials is none.
    #[error(
        "{0} is no bill of materials (SPDX in JSON): give the .spdx.json of the build, or leave --sbom out. Nothing was written"
    )]
    NoBill(PathBuf),
    /// A file is not the one that the manifest is of.
    #[error("{path} is not the file that {manifest} names: give files of one build")]
    OtherBuild {
        /// The file.
        path: PathBuf,
        /// The manifest.
        manifest: PathBuf,
    },
    /// A kernel would not start the root.
    #[error(
        "{path} does not name the root image on its command line (`{expected}`): give files of one build"
    )]
    OtherRoot {
        /// The UKI.
        path: PathBuf,
        /// What it should say.
        expected: String,
    },
    /// A root image would not be started.
    #[error("{path} would not start: its verity tree is wrong")]
    Verity {
        /// The root image.
        path: PathBuf,
        /// What is wrong.
        source: VerifyError,
    },
    /// The release is there with other bytes.
    #[error(
        "release {version} is published already, and its {what} is another: what was published never changes, give the release a new version"
    )]
    Changed {
        /// The release.
        version: String,
        /// What differs.
        what: String,
    },
    /// A name cannot be.
    #[error("{0}")]
    Name(NameError),
    /// A text or number cannot be.
    #[error("{what} cannot be used: {why}")]
    Value {
        /// Which.
        what: &'static str,
        /// Why not.
        why: &'static str,
    },
}

impl PublishError {
    /// For `map_err` on reads.
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| PublishError::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// For `map_err` on writes.
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| PublishError::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// For `map_err` on what the repository has now.
    pub(super) fn repository(repo: &Path) -> impl FnOnce(Error) -> Self + '_ {
        move |source| PublishError::Repository {
            repo: repo.to_owned(),
            source,
        }
    }
}
