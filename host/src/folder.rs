//! A folder replaced whole, in one step: a reader sees all of the old files or all of the new ones, and never none.

use crate::file::folder_of;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Puts a new folder with permission bits `mode` in the place of `path`. `fill` writes its files and flushes them; those of
/// [`crate::file`] are.
///
/// Flow: a folder beside it, filled, flushed; both change places; the old one is removed. A cut leaves the old or the new
/// folder at `path`, and perhaps the other one beside it, which goes with the next change.
///
/// # Errors
/// The first step that failed. The old folder stands, unless all that failed was its removal.
pub fn replace(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let (parent, beside) = beside(path)?;
    remove(&beside)?;
    DirBuilder::new().mode(mode).create(&beside)?;
    let made = fill(&beside)
        .and_then(|()| flush(&beside))
        .and_then(|()| take_place(&beside, path));
    if let Err(error) = made {
        // The first error is what matters; what cannot be removed now goes with the next change.
        let _ = fs::remove_dir_all(&beside);
        return Err(error);
    }
    flush(parent)?;
    remove(&beside)
}

/// Removes what a cut in [`replace`] left beside `path`: for folders whose old files must not lie about.
///
/// # Errors
/// It cannot be removed for good.
pub fn forget_interrupted(path: &Path) -> io::Result<()> {
    let (parent, beside) = beside(path)?;
    if !beside.exists() {
        return Ok(());
    }
    remove(&beside)?;
    flush(parent)
}

/// The folder that `path` is in, and the place beside it where its successor is filled.
fn beside(path: &Path) -> io::Result<(&Path, PathBuf)> {
    let parent = folder_of(path).ok_or_else(|| io::Error::other("a path without a directory"))?;
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("a path without a name"))?;
    let beside = parent.join(format!(".{}.new", name.to_string_lossy()));
    Ok((parent, beside))
}

/// Removes a folder with all that is in it; its absence is fine.
///
/// # Errors
/// It is there and cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes what is in a folder (not in those below it) last.
///
/// # Errors
/// The kernel's.
pub fn flush(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Lets the new folder and the old one change places; without an old one, it just moves there.
fn take_place(fresh: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, fresh, CWD, path, RenameFlags::EXCHANGE) {
        Err(Errno::NOENT) => fs::rename(fresh, path),
        done => Ok(done?),
    }
}

#[cfg(test)]
mod tests {
    use super::replace;
    use crate::file;
    use std::fs;
    use std::io;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn fill(folder: &Path, generation: u32) -> io::Result<()> {
        for name in ["a", "b", "c"] {
            fs::create_dir(folder.join(name))?;
            let path = folder.join(name).join("hosts.toml");
            file::write(&path, 0o600, generation.to_string())?;
        }
        Ok(())
    }

    /// The folder as one open of it sees it: all generations in it.
    fn seen(path: &Path) -> Vec<String> {
        // Files are opened relative to the folder that was open first, as a reader who lists it does.
        let open = fs::File::open(path).expect("it is never missing");
        let at = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&open));
        ["a", "b", "c"]
            .map(|name| fs::read_to_string(Path::new(&at).join(name).join("hosts.toml")))
            .into_iter()
            .filter_map(Result::ok)
            .collect()
    }

    #[test]
    fn a_reader_never_sees_it_missing_or_half() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("certs.d");
        replace(&path, 0o700, |fresh| fill(fresh, 0)).expect("made");
        let done = AtomicBool::new(false);
        std::thread::scope(|threads| {
            let reader = threads.spawn(|| {
                let mut looks = 0_u32;
                while !done.load(Ordering::Relaxed) {
                    let generations = seen(&path);
                    // Of a folder that was replaced while it was read, the rest is gone; nothing else gets in.
                    assert!(
                        generations.windows(2).all(|two| two[0] == two[1]),
                        "{generations:?}"
                    );
                    assert!(fs::metadata(path.join("a")).is_ok(), "it is missing");
                    looks += 1;
                }
                looks
            });
            for generation in 1..60 {
                replace(&path, 0o700, |fresh| fill(fresh, generation)).expect("replaced");
            }
            done.store(true, Ordering::Relaxed);
            assert!(reader.join().expect("it saw nothing bad") > 0);
        });
        assert_eq!(seen(&path), ["59", "59", "59"]);
        let left = fs::read_dir(folder.path()).expect("listed").count();
        assert_eq!(left, 1, "the old folder is not removed");
    }

    #[test]
    fn what_fails_leaves_the_old_folder() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("certs.d");
        replace(&path, 0o750, |fresh| fill(fresh, 1)).expect("made");
        let failed = replace(&path, 0o750, |fresh| {
            fill(fresh, 2)?;
            Err(io::Error::other("no room"))
        });
        assert_eq!(
            failed.expect_err("it cannot be filled").to_string(),
            "no room"
        );
        assert_eq!(seen(&path), ["1", "1", "1"]);
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o7777, 0o750);
    }
}
