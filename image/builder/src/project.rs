//! Where things are in a checkout.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A checkout of the project.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds the checkout that `from` is in.
    ///
    /// # Errors
    /// When neither `from` nor a folder above it is a checkout.
    pub fn find(from: &Path) -> Result<Self> {
        let from = from.canonicalize().map_err(Error::read(from))?;
        let root = from.ancestors().find(|folder| folder.join("buildroot/packages.toml").is_file()).ok_or_else(|| {
            Error::Wrong(format!(
                "{} is not in a Holdfast checkout (no buildroot/packages.toml there or above): run this inside a clone",
                from.display()
            ))
        })?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The checkout itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the checkout.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Downloads and step results.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.path("build/cache")
    }

    /// Where finished images go unless the user says otherwise.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.path("build/out")
    }

    /// The lock of an architecture.
    pub(crate) fn lock(&self, name: &str) -> PathBuf {
        self.path(&format!("buildroot/lock/{name}.lock"))
    }
}
