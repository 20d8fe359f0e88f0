//! The files of the folder in which it is kept what was seen.

use crate::error::Error;
use std::io;
use std::path::{Path, PathBuf};

pub(super) fn root_file(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number}.root.json"))
}

pub(super) fn floors_file(folder: &Path) -> PathBuf {
    folder.join("floors.json")
}

pub(super) fn kept(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Trust {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(kept(path)(error)),
    }
}
