//! Whole-file writes that a power cut or a full disk cannot leave half done.
//!
//! Flow: temporary file beside the target, write, set mode, flush, rename, flush the directory. Guarantee: the target holds
//! either all of the old or all of the new bytes; on an error the temporary file is gone and the target untouched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes `content` to `path` with permission bits `mode`. `prepare` is called with the closed temporary file before the
/// rename (to set its owner).
///
/// # Errors
/// The first step that failed; a full disk is [`io::ErrorKind::StorageFull`].
pub fn write(
    path: &Path,
    mode: u32,
    content: &[u8],
    prepare: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    replace(path, mode, &mut &content[..], prepare)
}

/// Writes all that `content` gives to `path`, in constant memory.
///
/// # Errors
/// As [`write()`], and what reading fails with.
pub fn stream(path: &Path, mode: u32, content: &mut dyn Read) -> io::Result<()> {
    replace(path, mode, content, |_| Ok(()))
}

fn replace(
    path: &Path,
    mode: u32,
    content: &mut dyn Read,
    prepare: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let directory = path
        .parent()
        .ok_or_else(|| io::Error::other("a path without a directory"))?;
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("a path without a file name"))?;
    let temporary = directory.join(format!(".{}.new", name.to_string_lossy()));
    let written = fill(&temporary, mode, content)
        .and_then(|()| prepare(&temporary))
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The first error is what matters; a temporary file that cannot be removed is overwritten next time.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    File::open(directory)?.sync_all()
}

fn fill(temporary: &Path, mode: u32, content: &mut dyn Read) -> io::Result<()> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Created private, opened up only once whole: a key is never readable for a moment.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)?;
    io::copy(content, &mut file)?;
    match file.set_permissions(fs::Permissions::from_mode(mode)) {
        // FAT keeps no modes: CONFIG is such a file system.
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
        _ => {}
    }
    file.sync_all()
}
