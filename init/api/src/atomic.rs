//! Whole-file writes that a power cut or a full disk cannot leave half done.
//!
//! Flow: temporary file beside the target, write, prepare (owner), set mode, flush, rename, flush the directory. Guarantee: the
//! target holds either all of the old or all of the new bytes; on an error the temporary file is gone and the target untouched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes `content` to `path` with permission bits `mode`. `prepare` is called with the temporary file, whole and still
/// private, to set its owner.
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
    let written = fill(&temporary, content)
        .and_then(|file| {
            prepare(&temporary)?;
            finish(&file, mode, flush)
        })
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

/// Created private, opened up only once whole and given away: a key is never readable for a moment.
fn fill(temporary: &Path, content: &mut dyn Read) -> io::Result<File> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)?;
    io::copy(content, &mut file)?;
    Ok(file)
}

/// The mode after the owner: a change of owner takes set-user-id and set-group-id bits away.
fn finish(file: &File, mode: u32, flush: Flush) -> io::Result<()> {
    match file.set_permissions(fs::Permissions::from_mode(mode)) {
        // FAT keeps no modes: CONFIG is such a file system.
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
        _ => {}
    }
    match flush {
        Flush::Yes => file.sync_all(),
        Flush::No => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    #[test]
    fn a_change_of_owner_does_not_take_bits_of_the_mode() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("tool");
        for mode in [0o600, 0o755, 0o1777, 0o2755, 0o4755, 0o6711] {
            write(&path, mode, b"x", |temporary| {
                let is = fs::metadata(temporary)?;
                assert_eq!(is.mode() & 0o7777, 0o600, "{mode:o}: opened up too early");
                // To whom it belongs already: the kernel takes the bits away all the same.
                chown(temporary, Some(is.uid()), Some(is.gid()))
            })
            .expect("written");
            let is = fs::metadata(&path).expect("there");
            assert_eq!(is.permissions().mode() & 0o7777, mode, "{mode:o}");
        }
    }
}
