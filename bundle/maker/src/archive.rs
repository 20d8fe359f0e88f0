//! Images from archives on this workstation: an OCI image layout, as a folder or a tar, and what `docker save` writes.

use crate::below::below;
use crate::blob::Copying;
use crate::docker_save;
use crate::document::{Document, hex, no_image};
use crate::error::MakeError;
use crate::layout::Layout;
use crate::names::full_name;
use bundle::Pieces;
use flate2::read::GzDecoder;
use oci_spec::image::{Descriptor, ImageIndex};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Where tools write a name into an index: containerd, buildkit and Docker; then skopeo and podman.
const NAMES: [&str; 2] = [
    "io.containerd.image.name",
    "org.opencontainers.image.ref.name",
];

/// An archive that was read.
#[derive(Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    folder: PathBuf,
    images: BTreeMap<String, Descriptor>,
    /// Held until the archive is not used any more.
    _unpacked: Option<TempDir>,
}

impl Archive {
    /// Reads an archive, unpacked into a temporary folder if it is a file.
    ///
    /// # Errors
    /// It cannot be read or is none.
    pub(crate) fn open(path: &Path) -> Result<Archive, MakeError> {
        let none = |why: String| MakeError::Archive {
            path: path.to_owned(),
            why,
        };
        let unpacked = match path.is_dir() {
            true => None,
            false => Some(unpack(path)?),
        };
        let folder = unpacked.as_ref().map_or(path, TempDir::path).to_owned();
        if unpacked.is_some() && !folder.join("index.json").is_file() {
            docker_save::to_layout(&folder).map_err(none)?;
        }
        let index = std::fs::read(folder.join("index.json"));
        let index = index.map_err(|error| none(format!("its index.json: {error}")))?;
        let index = ImageIndex::from_reader(index.as_slice());
        let index = index.map_err(|error| none(format!("its index.json: {error}")))?;
        let named = index.manifests().iter().filter_map(named);
        let images: BTreeMap<String, Descriptor> = named.collect();
        match images.is_empty() {
            true => Err(none(
                "no image in it has a name; write it again with one, as in `docker save nginx:1.27`".to_owned(),
            )),
            false => Ok(Archive {
                path: path.to_owned(),
                folder,
                images,
                _unpacked: unpacked,
            }),
        }
    }

    /// Names of its images.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.images.keys().map(String::as_str)
    }

    /// What stands for an image in the index.
    pub(crate) fn top(&self, name: &str) -> Result<Document, MakeError> {
        let descriptor = self.images.get(name);
        let descriptor = descriptor.ok_or_else(|| no_image(name, "the archive has it not"))?;
        self.document(name, &hex(name, descriptor)?)
    }

    /// An index or a manifest.
    pub(crate) fn document(&self, name: &str, digest: &str) -> Result<Document, MakeError> {
        let path = self.at(digest);
        let document = Document::new(std::fs::read(&path).map_err(MakeError::read(&path))?);
        match document.digest == digest {
            true => Ok(document),
            false => Err(self.damaged(name, digest)),
        }
    }

    /// Copies a blob into the layout.
    pub(crate) fn blob(
        &self,
        name: &str,
        blob: &Descriptor,
        layout: &Layout,
    ) -> Result<(), MakeError> {
        let digest = hex(name, blob)?;
        let (from, to) = (self.at(&digest), layout.path(&digest));
        let mut file = layout
            .begin(&digest, blob.size())
            .map_err(MakeError::write(&to))?;
        let mut copying = Copying {
            from: Pieces::open(&from).map_err(MakeError::read(&from))?,
            to: &mut file,
            failed: None,
        };
        let found = host::digest::of_stream(&mut copying);
        match (copying.failed, found) {
            (Some(error), _) => Err(MakeError::write(&to)(error)),
            (None, Err(error)) => Err(MakeError::read(&from)(error)),
            (None, Ok(found)) if found != digest => Err(self.damaged(name, &digest)),
            (None, Ok(_)) => file.finish().map_err(MakeError::write(&to)),
        }
    }

    fn at(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest)
    }

    fn damaged(&self, name: &str, digest: &str) -> MakeError {
        let archive = self.path.display();
        no_image(
            name,
            format!("{archive} is damaged: what lies under {digest} is something else"),
        )
    }
}

fn named(descriptor: &Descriptor) -> Option<(String, Descriptor)> {
    let annotations = descriptor.annotations().as_ref()?;
    let name = NAMES.iter().find_map(|name| annotations.get(*name))?;
    // A tag alone names nothing.
    let is_whole = name.contains([':', '/']);
    let name = is_whole.then(|| full_name(name).ok()).flatten()?;
    Some((name, descriptor.clone()))
}

/// Unpacks files and folders, nothing else: a link could lead anywhere.
fn unpack(path: &Path) -> Result<TempDir, MakeError> {
    let folder = tempfile::tempdir().map_err(MakeError::write(std::env::temp_dir()))?;
    let none = |error: io::Error| MakeError::Archive {
        path: path.to_owned(),
        why: format!("{error}: it was cut off, or is no tar"),
    };
    let mut archive = tar::Archive::new(unpacked(path)?);
    for entry in archive.entries().map_err(none)? {
        let mut entry = entry.map_err(none)?;
        if entry.header().entry_type().is_file() {
            let inside = entry.path().map_err(none)?.into_owned();
            let to = below(folder.path(), &inside).ok_or_else(|| {
                none(io::Error::other(format!(
                    "{} leads elsewhere",
                    inside.display()
                )))
            })?;
            let parent = to.parent().unwrap_or(folder.path());
            std::fs::create_dir_all(parent).map_err(MakeError::write(parent))?;
            let mut file = File::create(&to).map_err(MakeError::write(&to))?;
            io::copy(&mut entry, &mut file).map_err(none)?;
        }
    }
    Ok(folder)
}

/// The tar in a file, which may be packed with gzip or zstd.
fn unpacked(path: &Path) -> Result<Box<dyn Read>, MakeError> {
    let mut file = BufReader::new(File::open(path).map_err(MakeError::read(path))?);
    let head = io::BufRead::fill_buf(&mut file).map_err(MakeError::read(path))?;
    let (gzip, zstd) = (
        head.starts_with(&[0x1f, 0x8b]),
        head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
    );
    if gzip {
        return Ok(Box::new(GzDecoder::new(file)));
    }
    if zstd {
        let reader = zstd::Decoder::with_buffer(file).map_err(MakeError::read(path))?;
        return Ok(Box::new(reader));
    }
    Ok(Box::new(file))
}
