//! What is written last: digests, the signature, the listing.

use crate::error::MakeError;
use bundle::{Entry, LISTING, Listing, Name, PrivateKey, RELEASES, SIGNATURES, SUMS, piece};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What the listing says, and who signs it.
pub(crate) struct Content<'a> {
    pub(crate) name: &'a Name,
    pub(crate) key: Option<&'a PrivateKey>,
    pub(crate) images: BTreeSet<String>,
    /// What the images are for.
    pub(crate) platforms: BTreeSet<String>,
    pub(crate) files: BTreeMap<String, Entry>,
}

/// Writes it; from then on the folder is a bundle.
pub(crate) fn write_listing(
    folder: &Path,
    content: Content<'_>,
    now: Timestamp,
) -> Result<(), MakeError> {
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        host::file::write(&path, 0o644, bytes).map_err(MakeError::write(&path))
    };
    let (mut sums, mut in_pieces) = (String::new(), false);
    for (path, entry) in &content.files {
        match folder.join(path).exists() {
            true => sums += &format!("{}  {path}\n", entry.sha256),
            false => {
                in_pieces = true;
                sums += &sums_of_pieces(folder, path)?;
            }
        }
    }
    for path in files_below(&folder.join(RELEASES))? {
        let digest = host::digest::of_file(&path).map_err(MakeError::read(&path))?;
        let inside = path.strip_prefix(folder).unwrap_or(&path);
        sums += &format!("{digest}  {}\n", inside.display());
    }
    let made = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (name, files) = (content.name.clone(), content.files);
    let images = (content.images, content.platforms);
    let text = Listing::new(name, made, images, files, in_pieces)?.to_json()?;
    sums += &format!("{}  {LISTING}\n", host::digest::of_bytes(&text));
    write(SUMS, sums.as_bytes())?;
    if let Some(key) = content.key {
        write(SIGNATURES, format!("{}\n", key.sign(&text)).as_bytes())?;
    }
    write(LISTING, &text)
}

/// Read once more: these are for people, of what lies on the stick.
fn sums_of_pieces(folder: &Path, path: &str) -> Result<String, MakeError> {
    let mut sums = String::new();
    let path = Path::new(path);
    for name in (1..).map(|number| piece(path, number)) {
        let file = folder.join(&name);
        if !file.exists() {
            break;
        }
        let digest = host::digest::of_file(&file).map_err(MakeError::read(&file))?;
        sums += &format!("{digest}  {}\n", name.display());
    }
    Ok(sums)
}

/// All files below a folder that need not be there, in order.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, MakeError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(MakeError::read(&folder))? {
            let path = entry.map_err(MakeError::read(&folder))?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}
