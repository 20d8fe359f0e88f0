//! Unpacks a package as an ordinary user, running nothing of it.
//!
//! Contents go to files of our own; owners, modes and links stay in a list beside them (`entries.json`), because an ordinary
//! user could not give them to files anyway.

use super::fetch::place;
use super::lock::LockedPackage;
use crate::error::{Error, Result};
use crate::file;
use crate::program::Program;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A folder.
    Folder,
    /// A file; its content is at the same path below `content/`.
    File,
    /// A symbolic link and where it points.
    Symlink(String),
    /// Another name for a file of the same package.
    HardLink(String),
}

/// One entry of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnpackedEntry {
    /// Path without a leading slash.
    pub(crate) path: String,
    /// Permission bits, with setuid and sticky.
    pub(crate) mode: u32,
    pub(crate) kind: Kind,
}

/// A package that was unpacked.
#[derive(Debug, Clone)]
pub(crate) struct Unpacked {
    pub(crate) sha256: String,
    pub(crate) content: PathBuf,
    pub(crate) entries: Vec<UnpackedEntry>,
}

/// Raised when this code unpacks differently, so that old results are not used.
const REVISION: u32 = 1;

/// Unpacks a fetched package, once.
pub(crate) fn unpack(package: &LockedPackage, debs: &Path, store: &Path) -> Result<Unpacked> {
    let folder = store.join(format!(
        "{}_{}.{REVISION}",
        package.name,
        &package.sha256[..16]
    ));
    let list = folder.join("entries.json");
    if !list.is_file() {
        file::folder(store)?;
        let temporary = tempfile::Builder::new()
            .prefix(".part-")
            .tempdir_in(store)
            .map_err(Error::write(store))?;
        let deb = place(debs, package);
        let entries = Program::new("dpkg-deb")
            .arg("--fsys-tarfile")
            .arg(&deb)
            .stream(|tar| extract(tar, &temporary.path().join("content"), &deb))?;
        let json = serde_json::to_vec(&entries).map_err(Error::parse(&list))?;
        file::write(&temporary.path().join("entries.json"), &json)?;
        let made = temporary.keep();
        if let Err(error) = std::fs::rename(&made, &folder) {
            // Best effort: another build may have unpacked it meanwhile.
            let _ = std::fs::remove_dir_all(&made);
            if !list.is_file() {
                return Err(Error::write(&folder)(error));
            }
        }
    }
    let entries = serde_json::from_slice(&file::read(&list)?).map_err(Error::parse(&list))?;
    Ok(Unpacked {
        sha256: package.sha256.clone(),
        content: folder.join("content"),
        entries,
    })
}

fn extract(tar: &mut dyn std::io::Read, content: &Path, deb: &Path) -> Result<Vec<UnpackedEntry>> {
    file::folder(content)?;
    let mut entries = Vec::new();
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().map_err(Error::read(deb))? {
        let mut entry = entry.map_err(Error::read(deb))?;
        let path = String::from_utf8_lossy(&entry.path_bytes())
            .trim_start_matches("./")
            .trim_end_matches('/')
            .to_owned();
        if path.split('/').any(|part| part == "..") {
            return Err(Error::Wrong(format!(
                "{}: a path leaves the package: {path}",
                deb.display()
            )));
        }
        if path.is_empty() {
            continue;
        }
        let mode = entry.header().mode().map_err(Error::read(deb))? & 0o7777;
        let link = entry
            .link_name_bytes()
            .map(|link| String::from_utf8_lossy(&link).into_owned())
            .unwrap_or_default();
        let kind = match entry.header().entry_type() {
            tar::EntryType::Directory => Kind::Folder,
            tar::EntryType::Symlink => Kind::Symlink(link),
            tar::EntryType::Link => Kind::HardLink(link.trim_start_matches("./").to_owned()),
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                let target = content.join(&path);
                file::folder(target.parent().unwrap_or(content))?;
                let mut out = std::fs::File::create(&target).map_err(Error::write(&target))?;
                std::io::copy(&mut entry, &mut out).map_err(Error::write(&target))?;
                Kind::File
            }
            other => {
                return Err(Error::Wrong(format!(
                    "{}: {path} is a {other:?}, which no package should have",
                    deb.display()
                )));
            }
        };
        entries.push(UnpackedEntry { path, mode, kind });
    }
    Ok(entries)
}
