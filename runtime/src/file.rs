//! Files as data, and the one place that writes them.

use host::{file, folder};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A file that shall be.
#[derive(Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Where.
    pub path: PathBuf,
    /// Permission bits.
    pub mode: u32,
    /// What.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for PlannedFile {
    // Contents may be keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "PlannedFile({:?}, {:o}, {} bytes)",
            self.path,
            self.mode,
            self.content.len()
        )
    }
}

impl PlannedFile {
    /// A file that shall be.
    pub fn new(path: impl Into<PathBuf>, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            mode,
            content: content.into(),
        }
    }
}

/// A file or folder could not be written, or no random bytes were to be had.
#[derive(Debug, Error)]
#[error("cannot {act} {path}{}", cure(source))]
pub struct FileError {
    act: &'static str,
    path: PathBuf,
    source: io::Error,
}

fn cure(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            " (the state partition is full: remove images or volumes that are not needed)"
        }
        _ => "",
    }
}

impl FileError {
    /// What went wrong underneath.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

fn failed(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    move |source| FileError {
        act,
        path: path.into(),
        source,
    }
}

/// Writes a file in memory: readers see the old one or the new one. Makes missing folders, private ones.
pub(crate) fn write(planned: &PlannedFile) -> Result<(), FileError> {
    replace(planned, false).map_err(failed("write", &planned.path))
}

/// Writes a file that must survive a power cut once this returns.
pub(crate) fn write_lasting(planned: &PlannedFile) -> Result<(), FileError> {
    replace(planned, true).map_err(failed("write", &planned.path))
}

/// As [`write_lasting`], but spares the flash when the file is already so.
pub(crate) fn write_lasting_if_changed(planned: &PlannedFile) -> Result<(), FileError> {
    if is_so(planned) {
        return Ok(());
    }
    write_lasting(planned)
}

/// As [`write`], but leaves a file alone that is already so; tells whether it wrote.
pub(crate) fn write_if_changed(planned: &PlannedFile) -> Result<bool, FileError> {
    if is_so(planned) {
        return Ok(false);
    }
    write(planned).map(|()| true)
}

fn is_so(planned: &PlannedFile) -> bool {
    file::holds(&planned.path, &planned.content)
}

fn replace(planned: &PlannedFile, lasting: bool) -> io::Result<()> {
    let parent = planned.path.parent().unwrap_or(Path::new("/"));
    if !parent.is_dir() {
        let private = planned.mode & 0o077 == 0;
        let mode = if private { 0o700 } else { 0o755 };
        DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(parent)?;
    }
    if lasting {
        file::write(&planned.path, planned.mode, &planned.content)
    } else {
        file::write_in_memory(&planned.path, planned.mode, &planned.content)
    }
}

/// Makes a folder and its parents; those that are missing get `mode`.
pub(crate) fn make_folder(path: &Path, mode: u32) -> Result<(), FileError> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(failed("make the folder", path))
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), FileError> {
    let removed = file::remove(path).map_err(failed("remove", path));
    removed.map(drop)
}

/// Puts a private folder with these files, by their paths in it, in the place of the one at `path`, as one and for good.
pub(crate) fn replace_folder(path: &Path, files: &[(String, String)]) -> Result<(), FileError> {
    if let Some(parent) = path.parent() {
        make_folder(parent, 0o700)?;
    }
    let fill = |fresh: &Path| {
        files.iter().try_for_each(|(name, content)| {
            let planned = PlannedFile::new(fresh.join(name), 0o600, content.as_str());
            replace(&planned, true)
        })
    };
    folder::replace(path, 0o700, fill).map_err(failed("replace the folder", path))
}

/// Removes what an interrupted [`replace_folder`] left beside `path`.
pub(crate) fn forget_interrupted(path: &Path) -> Result<(), FileError> {
    folder::forget_interrupted(path).map_err(failed("remove what was left beside", path))
}

/// Fills `bytes` with randomness from the kernel.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), FileError> {
    let mut filled = 0;
    while filled < bytes.len() {
        let rest = bytes.get_mut(filled..).unwrap_or_default();
        let flags = rustix::rand::GetRandomFlags::empty();
        let got = rustix::rand::getrandom(rest, flags).map_err(|error| {
            failed("read random bytes from", Path::new("the kernel"))(error.into())
        })?;
        filled += got;
    }
    Ok(())
}
