//! JSON records as files: read strictly, written whole or not at all.

use host::file;
use serde::{Serialize, de::DeserializeOwned};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A record could not be read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file's content is not the record.
    #[error("{path} is not what it should be")]
    Parse {
        /// Which.
        path: PathBuf,
        /// Why, with line and column.
        source: serde_json::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Reads a record.
///
/// # Errors
/// The file cannot be read, or is not exactly such a record.
pub fn load<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<T, FileError> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|source| FileError::Read {
        path: path.into(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|source| FileError::Parse {
        path: path.into(),
        source,
    })
}

/// Reads a record; none if there is no such file.
///
/// # Errors
/// As [`load`], but for a missing file.
pub fn load_if_present<T: DeserializeOwned>(
    path: impl AsRef<Path>,
) -> Result<Option<T>, FileError> {
    match load(path) {
        Ok(record) => Ok(Some(record)),
        Err(FileError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a record that root alone may read: readers see the old one or the new one, also after a power cut. Makes missing
/// folders.
///
/// # Errors
/// A folder or the file cannot be made, written or renamed.
pub fn store<T: Serialize>(path: impl AsRef<Path>, record: &T) -> Result<(), FileError> {
    let path = path.as_ref();
    replace(path, record).map_err(|source| FileError::Write {
        path: path.into(),
        source,
    })
}

fn replace<T: Serialize>(path: &Path, record: &T) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut bytes = serde_json::to_vec_pretty(record)?;
    bytes.push(b'\n');
    file::write(path, 0o600, &bytes)
}

#[cfg(test)]
mod tests {
    use super::{FileError, load, load_if_present, store};
    use crate::Problem;

    #[test]
    fn a_record_comes_back_and_strangers_are_refused() {
        let folder = tempfile::tempdir().expect("temp folder");
        let path = folder.path().join("a/problem.json");
        assert!(load_if_present::<Problem>(&path).expect("absent").is_none());
        let problem = Problem::new("t", "x", "c");
        store(&path, &problem).expect("store");
        assert_eq!(load::<Problem>(&path).expect("load"), problem);
        std::fs::write(&path, r#"{"title":"","text":"","cure":"","more":1}"#).expect("write");
        let error = load::<Problem>(&path).expect_err("unknown key");
        assert!(matches!(error, FileError::Parse { .. }), "{error:?}");
    }
}
