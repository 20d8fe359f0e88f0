//! Whole-file writes that a power cut or a full disk cannot leave half done.
//!
//! Flow: temporary file beside the target, write, set mode, flush, rename, flush the directory. Guarantee: the
//! target holds either all of the old or all of the new bytes; on an error the temporary file is gone and the target untouched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes `content` to `path` with permission bits `mode`. It survives a power cut once this returns.
///
/// # Errors
/// The first step that failed; a full disk is [`std::io::ErrorKind::StorageFull`].
pub fn write(path: &Path, mode: u32, content: impl AsRef<[u8]>) -> io::Result<()> {
    replace(path, mode, &mut content.as_ref(), Flush::Yes)
}

/// As [`write()`], but spares the flash when the file has this content already; tells whether it wrote.
///
/// # Errors
/// As [`write()`].
pub fn write_if_changed(path: &Path, mode: u32, content: impl AsRef<[u8]>) -> io::Result<bool> {
    let content = content.as_ref();
    if holds(path, content) {
        return Ok(false);
    }
    write(path, mode, content).map(|()| true)
}

/// Writes `content` to `path` on a file system in memory: readers see the old or the new file, nothing is flushed.
///
/// # Errors
/// As [`write()`].
pub fn write_in_memory(path: &Path, mode: u32, content: impl AsRef<[u8]>) -> io::Result<()> {
    replace(path, mode, &mut content.as_ref(), Flush::No)
}

/// Writes all that `content` gives to `path`, in constant memory.
///
/// # Errors
/// As [`write()`], and what reading fails with.
pub fn write_stream(path: &Path, mode: u32, content: &mut dyn Read) -> io::Result<()> {
    replace(path, mode, content, Flush::Yes)
}

/// Whether `path` is a file with exactly this content.
pub fn holds(path: &Path, content: &[u8]) -> bool {
    fs::metadata(path).is_ok_and(|is| is.len() == content.len() as u64)
        && fs::read(path).is_ok_and(|now| now == content)
}

/// Removes a file; its absence is fine. Tells whether there was one.
///
/// # Errors
/// It is there and cannot be removed.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// As [`remove`]; a power cut after this returns does not bring the file back.
///
/// # Errors
/// As [`remove`], and when the directory cannot be flushed.
pub fn remove_for_good(path: &Path) -> io::Result<bool> {
    let removed = remove(path)?;
    if removed && let Some(directory) = folder_of(path) {
        File::open(directory)?.sync_all()?;
    }
    Ok(removed)
}

/// The folder that a path is in; a bare name is in the current one, of which [`Path::parent`] says nothing that can be opened.
pub(crate) fn folder_of(path: &Path) -> Option<&Path> {
    let folder = path.parent()?;
    Some(match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    })
}

/// Whether what is written must survive a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flush {
    Yes,
    No,
}

fn replace(path: &Path, mode: u32, content: &mut dyn Read, flush: Flush) -> io::Result<()> {
    let directory =
        folder_of(path).ok_or_else(|| io::Error::other("a path without a directory"))?;
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("a path without a file name"))?;
    let temporary = directory.join(format!(".{}.new", name.to_string_lossy()));
    let written = fill(&temporary, content)
        .and_then(|file| finish(&file, mode, flush))
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

/// Created private, opened up only once whole: a key is never readable for a moment.
fn fill(temporary: &Path, content: &mut dyn Read) -> io::Result<File> {
    remove(temporary)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)?;
    io::copy(content, &mut file)?;
    Ok(file)
}

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
    use super::{holds, remove, remove_for_good, write, write_if_changed, write_stream};
    use std::fs;
    use std::io;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn what_fails_leaves_the_old_file_and_nothing_beside_it() {
        struct Torn;
        impl io::Read for Torn {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("no"))
            }
        }
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("record");
        write(&path, 0o600, "old").expect("written");
        write_stream(&path, 0o600, &mut Torn).expect_err("it cannot be read");
        assert_eq!(fs::read(&path).expect("there"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn the_same_content_is_not_written_again() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("record");
        let inode = || fs::metadata(&path).expect("there").ino();
        assert!(write_if_changed(&path, 0o600, "one").expect("written"));
        let first = inode();
        assert!(!write_if_changed(&path, 0o600, "one").expect("nothing to do"));
        assert_eq!(inode(), first);
        assert!(write_if_changed(&path, 0o600, "two").expect("written"));
        assert!(holds(&path, b"two") && !holds(&path, b"one") && !holds(&path, b"tw"));
        assert!(remove(&path).expect("removed"));
        assert!(!remove_for_good(&path).expect("not there any more"));
    }
}
