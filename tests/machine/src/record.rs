//! Small JSON files in a machine's folder, whole or not there.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Replaces the file in one step.
///
/// # Errors
/// When it cannot be written.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let folder = path.parent().unwrap_or("/".as_ref());
    let file =
        tempfile::NamedTempFile::new_in(folder).map_err(Error::file("make a file in", folder))?;
    serde_json::to_writer(&file, value)
        .map_err(|error| Error::file("write", path)(error.into()))?;
    file.persist(path)
        .map_err(|error| Error::file("write", path)(error.error))
        .map(drop)
}

/// What the file holds, or `None` when there is none.
///
/// # Errors
/// When it cannot be read, or holds something else.
pub fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Error::file("read", path)(error.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}
