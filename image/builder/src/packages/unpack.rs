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

/// Contents of the stream to files below `content`, everything else into the list.
pub(crate) fn extract(
    tar: &mut dyn std::io::Read,
    content: &Path,
    deb: &Path,
) -> Result<Vec<UnpackedEntry>> {
    file::folder(content)?;
    let mut entries = Vec::new();
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().map_err(Error::read(deb))? {
        let mut entry = entry.map_err(Error::read(deb))?;
        let path = inside(&entry.path_bytes(), deb)?;
        if path.is_empty() {
            continue;
        }
        let mode = entry.header().mode().map_err(Error::read(deb))? & 0o7777;
        let link = entry.link_name_bytes().unwrap_or_default();
        let kind = match entry.header().entry_type() {
            tar::EntryType::Directory => Kind::Folder,
            tar::EntryType::Symlink => Kind::Symlink(String::from_utf8_lossy(&link).into_owned()),
            tar::EntryType::Link => Kind::HardLink(inside(&link, deb)?),
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

/// A name of the archive as a path below the package's own folder, which none may leave: neither upwards nor by
/// starting at the host's root.
fn inside(name: &[u8], deb: &Path) -> Result<String> {
    let name = String::from_utf8_lossy(name);
    let path = name.trim_start_matches("./").trim_end_matches('/');
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return Err(Error::Wrong(format!(
            "{}: a path leaves the package: {name}",
            deb.display()
        )));
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tar::EntryType;

    fn archive(name: &str, kind: EntryType, link: &str) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(0);
        // Past tar's own checks, as a hostile archive would be.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        let mut tar = tar::Builder::new(Vec::new());
        tar.append(&header, std::io::empty()).expect("written");
        tar.into_inner().expect("written")
    }

    #[test]
    fn names_stay_inside_the_package() {
        let folder = tempfile::tempdir().expect("temp dir");
        let outside = folder.path().join("outside").display().to_string();
        let content = folder.path().join("content");
        let cases = [
            ("plain", "./usr/bin/a", EntryType::Regular, "", true),
            ("link", "usr/bin/b", EntryType::Link, "./usr/bin/a", true),
            // Only the node's own root follows it.
            ("symlink", "etc/b", EntryType::Symlink, "/usr/bin/a", true),
            ("up", "./../outside", EntryType::Regular, "", false),
            ("from the root", &outside, EntryType::Regular, "", false),
            (
                "root, disguised",
                ".//outside",
                EntryType::Regular,
                "",
                false,
            ),
            ("link up", "usr/c", EntryType::Link, "../outside", false),
            (
                "link to the root",
                "usr/c",
                EntryType::Link,
                "/etc/passwd",
                false,
            ),
        ];
        for (case, name, kind, link, good) in cases {
            let bytes = archive(name, kind, link);
            let done = extract(&mut bytes.as_slice(), &content, Path::new("x.deb"));
            match done {
                Ok(entries) => assert!(good && entries.len() == 1, "{case}: {entries:?}"),
                Err(error) => {
                    let text = error.to_string();
                    assert!(
                        text.starts_with("x.deb: a path leaves the package"),
                        "{text}"
                    );
                    assert!(!good, "{case}: {text}");
                }
            }
        }
        assert!(!folder.path().join("outside").exists());
    }
}
