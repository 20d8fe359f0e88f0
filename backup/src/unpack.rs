//! A backup laid beside what the node has.

use crate::about::{About, Machine, Unfit};
use crate::age::{HeaderError, Identity, Reader, decrypt};
use crate::contents::{ABOUT, CONFIG, RESTORED_MARK, SIGNATURES, is_known, missing};
use flate2::read::GzDecoder;
use host::{file, folder};
use init_api::{Release, Root, paths};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A description is never longer.
const LONGEST_ABOUT: u64 = 4 << 20;

/// A backup that was not restored; nothing is changed.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It cannot be opened.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// This machine cannot take it.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// What the machine runs is not known.
    #[error("cannot find out which release runs here")]
    Release(#[source] init_api::FileError),
    /// The release does not say.
    #[error("this release does not say which Kubernetes it has")]
    Kubernetes,
    /// It is cut off, damaged, or was changed; or it is no archive.
    #[error("the backup cannot be read to its end")]
    Content(#[source] io::Error),
    /// Something is in it that no backup has.
    #[error("the backup has an entry that none of ours has: {0:?}")]
    Strange(String),
    /// Something is missing.
    #[error("the backup is not whole: {0} is not in it")]
    Missing(String),
    /// The disk is full.
    #[error("there is no room on the state partition for the backup; nothing was changed")]
    Full,
    /// The state partition does not take it.
    #[error("cannot write {path}")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Lays the backup in `file` where the next boot takes it from, when all of it was read and found right. With `own_config` the
/// machine keeps the configuration that it has.
///
/// # Errors
/// What [`UnpackError`] lists; nothing is changed then.
pub fn unpack(
    root: &Root,
    file: impl Read,
    identity: &Identity,
    own_config: bool,
) -> Result<About, UnpackError> {
    let machine = machine(root)?;
    let target = root.path(paths::RESTORE);
    let failed = |source: io::Error| UnpackError::Write {
        path: target.clone(),
        source,
    };
    let mut content = GzDecoder::new(decrypt(identity, file)?);
    let mut about = None;
    let mut error = None;
    let laid = folder::replace(&target, 0o700, |fresh| {
        match lay(&mut content, &machine, own_config, fresh) {
            Ok(found) => about = Some(found),
            Err(refused) => {
                error = Some(refused);
                return Err(io::Error::other("refused"));
            }
        }
        Ok(())
    });
    match (laid, error, about) {
        (_, Some(refused), _) => Err(refused),
        (Ok(()), None, Some(about)) => Ok(about),
        (Err(source), ..) => Err(failed(source)),
        (Ok(()), None, None) => Err(UnpackError::Missing(ABOUT.to_owned())),
    }
}

fn machine(root: &Root) -> Result<Machine, UnpackError> {
    let release: Release =
        init_api::load(root.path(paths::RELEASE)).map_err(UnpackError::Release)?;
    Ok(Machine {
        release: release.version,
        kubernetes: release.kubernetes.ok_or(UnpackError::Kubernetes)?,
    })
}

fn lay<R: Read>(
    content: &mut GzDecoder<Reader<R>>,
    machine: &Machine,
    own_config: bool,
    fresh: &Path,
) -> Result<About, UnpackError> {
    let mut archive = tar::Archive::new(&mut *content);
    let mut about: Option<About> = None;
    let mut seen = BTreeSet::new();
    for entry in archive.entries().map_err(UnpackError::Content)? {
        let mut entry = entry.map_err(UnpackError::Content)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let first = about.is_none();
        if !is_known(&name)
            || !entry.header().entry_type().is_file()
            || first != (name == ABOUT)
            || !seen.insert(name.clone())
        {
            return Err(UnpackError::Strange(name));
        }
        if first {
            about = Some(described(&mut entry, machine)?);
        } else if ![CONFIG, SIGNATURES].contains(&name.as_str()) || !own_config {
            let mode = entry.header().mode().map_err(UnpackError::Content)? & 0o755;
            place(&fresh.join(&name), mode, &mut entry)?;
        }
    }
    // The archive ends before its container: only the container's end shows that nothing is missing.
    io::copy(content, &mut io::sink()).map_err(UnpackError::Content)?;
    let about = about.ok_or_else(|| UnpackError::Missing(ABOUT.to_owned()))?;
    if let Some(name) = about.files.iter().find(|name| !seen.contains(*name)) {
        return Err(UnpackError::Missing(name.clone()));
    }
    let seen: Vec<String> = seen.into_iter().collect();
    if let Some(name) = missing(&seen) {
        return Err(UnpackError::Missing(name.to_owned()));
    }
    place(&fresh.join(RESTORED_MARK), 0o600, &mut io::empty())?;
    flush_folders(fresh)?;
    Ok(about)
}

fn described(entry: &mut impl Read, machine: &Machine) -> Result<About, UnpackError> {
    let mut text = Vec::new();
    entry
        .take(LONGEST_ABOUT)
        .read_to_end(&mut text)
        .map_err(UnpackError::Content)?;
    let about: About = serde_json::from_slice(&text)
        .map_err(|error| UnpackError::Content(io::Error::other(error)))?;
    about.fits(machine)?;
    Ok(about)
}

/// An error in reading is told from one in writing.
struct Watched<'a> {
    from: &'a mut dyn Read,
    failed: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.from.read(to).inspect_err(|_| self.failed = true)
    }
}

fn place(path: &Path, mode: u32, content: &mut dyn Read) -> Result<(), UnpackError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::StorageFull => UnpackError::Full,
        _ => UnpackError::Write {
            path: path.to_owned(),
            source,
        },
    };
    if let Some(parent) = path.parent() {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(parent).map_err(failed)?;
    }
    let mut content = Watched {
        from: content,
        failed: false,
    };
    match file::write_stream(path, mode, &mut content) {
        Err(source) if content.failed => Err(UnpackError::Content(source)),
        other => other.map_err(failed),
    }
}

/// Files are flushed as they are written; folders that were made are not.
fn flush_folders(path: &Path) -> Result<(), UnpackError> {
    let failed = |source| UnpackError::Write {
        path: path.to_owned(),
        source,
    };
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            flush_folders(&entry.path())?;
        }
    }
    folder::flush(path).map_err(failed)
}
