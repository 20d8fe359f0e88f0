//! Where `/` is: the node's own, or a directory in tests.

use std::path::{Path, PathBuf};

/// A root directory that absolute paths, such as those of [`crate::paths`], are taken below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// A root at `path`, which must be absolute.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Root(path.into())
    }

    /// Where the absolute `path` is.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.0
    }
}

impl Default for Root {
    fn default() -> Self {
        Root("/".into())
    }
}
