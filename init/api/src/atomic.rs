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
/// The first step that failed; a full disk is [`std::io::ErrorKind::StorageFull`].
pub fn write(
    path: &Path,
    mode: u32,
    content: &[u8],
    prepare: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    replace(path, mode, &mut &content[..], Flush::Yes, prepare)
}

/// Writes `content` to `path` on a file system in memory: readers see the old or the new file, nothing is flushed.
///
/// # Errors
/// As [`write()`].
pub fn write_in_memory(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    replace(path, mode, &mut &content[..], Flush::No, |_| Ok(()))
}

/// Writes all that `content` gives to `path`, in constant memory.
///
/// # Errors
/// As [`write()`], and what reading fails with.
pub fn stream(path: &Path, mode: u32, content: &mut dyn Read) -> io::Result<()> {
    replace(path, mode, content, Flush::Yes, |_| Ok(()))
}

/// Whether what is written must survive a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flush {
    Yes,
    No,
}

fn replace(
    path: &Path,
    mode: u32,
    content: &mut dyn Read,
    flush: Flush,
    prepare: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let directory = path
        .parent()
        .ok_or_else(|| io::Error::other("a path without a directory"))?;
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("a path without a file name"))?;
    let temporary = directory.join(format!(".{}.new", name.to_string_lossy()));
    let written = fill(&temporary, mode, content, flush)
        .and_then(|()| prepare(&temporary))
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The first error is what matters; a temporary file that cannot be removed is overwritten next time.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    if flush == Flush::No {
        return Ok(());
    }
    File::open(directory)?.sync_all()
}

fn fill(temporary: &Path, mode: u32, content: &mut dyn Read, flush: Flush) -> io::Result<()> {
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
    if flush == Flush::No {
        return Ok(());
    }
    file.sync_all()
}
