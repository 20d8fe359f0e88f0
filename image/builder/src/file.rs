//! Files written whole or not at all.

use crate::error::{Error, Result};
use std::path::Path;

/// Makes a folder and those above it.
pub(crate) fn folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(Error::write(path))
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(Error::read(path))
}

/// Reads a text file.
pub(crate) fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(Error::read(path))
}

/// Writes a file beside its place and renames it there.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    with_temporary(path, |temporary| {
        std::fs::write(temporary, content).map_err(Error::write(temporary))
    })
}

/// Lets `make` fill a file beside `path` and renames it there when it has succeeded.
pub(crate) fn with_temporary(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    folder(parent)?;
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let temporary = parent.join(format!(".{name}.{}.part", std::process::id()));
    let made = make(&temporary)
        .and_then(|()| std::fs::rename(&temporary, path).map_err(Error::write(path)));
    if made.is_err() {
        // Best effort: what failed is what the caller must hear about.
        let _ = std::fs::remove_file(&temporary);
    }
    made
}

/// Bytes of a file.
pub(crate) fn length(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path).map_err(Error::read(path))?.len())
}
