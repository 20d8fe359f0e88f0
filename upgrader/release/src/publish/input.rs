//! What a build made, checked before anything is published.

use super::error::PublishError;
use crate::format::{BlockIndex, Digest, File, FileFacts, Manifest};
use disk::layout::WantedRoot;
use disk::verity::{self, RootHash};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Far more than a bill of materials has.
const LARGEST_BILL: u64 = 256 << 20;

/// Files of a build.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) manifest: Manifest,
    pub(super) index: BlockIndex,
    /// What is copied as it is.
    pub(super) files: Vec<(File, PathBuf, FileFacts)>,
}

/// Reads them, and makes sure that they belong together: the manifest names each, kernels name the root, and the root's verity
/// tree is whole.
pub(super) fn read(
    manifest_path: &Path,
    (uki, boot): (&Path, Option<&Path>),
    root: &Path,
    sbom: Option<&Path>,
) -> Result<Input, PublishError> {
    let text = fs::read(manifest_path).map_err(PublishError::read(manifest_path))?;
    let manifest = Manifest::parse(&text).map_err(|source| PublishError::Manifest {
        path: manifest_path.to_owned(),
        source,
    })?;
    let mut files = Vec::new();
    if boot.is_none() && manifest.files.contains_key(&File::Boot) {
        return Err(PublishError::Value {
            what: "the boot image",
            why: "the manifest names one, and none is given",
        });
    }
    let boot = boot.map(|path| (File::Boot, path));
    for (file, path) in [(File::Uki, uki), (File::Root, root)]
        .into_iter()
        .chain(boot)
    {
        let facts = facts(path)?;
        if manifest.files.get(&file) != Some(&facts) {
            return Err(PublishError::OtherBuild {
                path: path.to_owned(),
                manifest: manifest_path.to_owned(),
            });
        }
        files.push((file, path.to_owned(), facts));
    }
    if let Some(path) = sbom {
        check_bill(path)?;
        files.push((File::Sbom, path.to_owned(), facts(path)?));
    }
    for (_, path) in [(File::Uki, uki)].into_iter().chain(boot) {
        check_kernel(path, &manifest)?;
    }
    let mut image = fs::File::open(root).map_err(PublishError::read(root))?;
    let hash = RootHash(manifest.root_hash.0);
    verity::verify(&mut image, manifest.data_size, &hash).map_err(|source| {
        PublishError::Verity {
            path: root.to_owned(),
            source,
        }
    })?;
    let mut image = fs::File::open(root).map_err(PublishError::read(root))?;
    Ok(Input {
        manifest,
        index: BlockIndex::of(&mut image).map_err(PublishError::read(root))?,
        files,
    })
}

/// A bill of materials is SPDX in JSON. Whatever else is given by mistake, a key even, would be published.
fn check_bill(path: &Path) -> Result<(), PublishError> {
    let mut text = Vec::new();
    let file = fs::File::open(path).map_err(PublishError::read(path))?;
    file.take(LARGEST_BILL)
        .read_to_end(&mut text)
        .map_err(PublishError::read(path))?;
    let bill: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
    match bill.is_some_and(|bill| bill["spdxVersion"].is_string()) {
        true => Ok(()),
        false => Err(PublishError::NoBill(path.to_owned())),
    }
}

/// Size and digest of a file, in constant memory.
pub(super) fn facts(path: &Path) -> Result<FileFacts, PublishError> {
    let size = fs::metadata(path).map_err(PublishError::read(path))?.len();
    let digest = host::digest::of_file(path).map_err(PublishError::read(path))?;
    let digest: Digest = digest.parse().map_err(PublishError::Name)?;
    Ok(FileFacts { size, digest })
}

/// The command line stands in a UKI, and in a boot image, as plain text.
fn check_kernel(path: &Path, manifest: &Manifest) -> Result<(), PublishError> {
    let root = WantedRoot {
        hash: RootHash(manifest.root_hash.0),
        size: manifest.data_size,
    };
    let expected = root.to_string();
    let file = fs::File::open(path);
    let found = file.and_then(|mut file| contains(&mut file, expected.as_bytes()));
    match found.map_err(PublishError::read(path))? {
        true => Ok(()),
        false => Err(PublishError::OtherRoot {
            path: path.to_owned(),
            expected,
        }),
    }
}

/// Whether bytes stand somewhere in a file, in constant memory.
fn contains(file: &mut dyn Read, wanted: &[u8]) -> io::Result<bool> {
    let mut window = Vec::new();
    loop {
        let mut next = (&mut *file).take(1 << 20);
        if next.read_to_end(&mut window)? == 0 {
            return Ok(false);
        }
        if window.windows(wanted.len()).any(|part| part == wanted) {
            return Ok(true);
        }
        let kept = window.len().saturating_sub(wanted.len() - 1);
        window.drain(..kept);
    }
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn found_wherever_it_stands() {
        for at in [0, 1, (1 << 20) - 3, 1 << 20, 3 << 20] {
            let mut text = vec![b'.'; 4 << 20];
            text[at..at + 6].copy_from_slice(b"wanted");
            assert!(contains(&mut &text[..], b"wanted").unwrap(), "{at}");
            assert!(!contains(&mut &text[..], b"wanted.wanted").unwrap(), "{at}");
        }
    }
}
