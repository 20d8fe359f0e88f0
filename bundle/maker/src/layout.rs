//! The image layout of a bundle, written: each blob once, whatever number of images share it.

use crate::blob::Blob;
use crate::error::MakeError;
use bundle::{Entry, IMAGES, Pieces, piece};
use oci_spec::image::{Descriptor, ImageIndexBuilder, MediaType, OciLayoutBuilder};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

/// containerd gives an image this name when it imports it.
const NAME: &str = "io.containerd.image.name";
const BLOBS: &str = "blobs/sha256";

/// An image layout that is being written.
#[derive(Debug)]
pub(crate) struct Layout {
    folder: PathBuf,
    /// Blobs of more bytes lie in pieces.
    largest: u64,
    blobs: BTreeMap<String, u64>,
    images: BTreeMap<String, Descriptor>,
}

impl Layout {
    /// In this folder; what is there of an earlier bundle may be used again.
    pub(crate) fn open(bundle: &Path, largest: u64) -> Result<Layout, MakeError> {
        let folder = bundle.join(IMAGES);
        let blobs = folder.join(BLOBS);
        std::fs::create_dir_all(&blobs).map_err(MakeError::write(&blobs))?;
        Ok(Layout {
            folder,
            largest,
            blobs: BTreeMap::new(),
            images: BTreeMap::new(),
        })
    }

    /// Whether a blob is there already, from this run or, if its bytes are right, from an earlier one.
    pub(crate) fn has(&mut self, digest: &str, size: u64) -> bool {
        if self.blobs.contains_key(digest) {
            return true;
        }
        let path = self.path(digest);
        let length = std::fs::metadata(&path).map(|facts| facts.len());
        // A digest takes its time.
        let may_be = match size > self.largest {
            true => piece(&path, 1).exists() && length.is_err(),
            false => length.is_ok_and(|length| length == size),
        };
        let content = may_be.then(|| Pieces::open(&path).ok()).flatten();
        let found = content.and_then(|mut content| host::digest::of_stream(&mut content).ok());
        let is_whole = found.is_some_and(|found| found == digest);
        if is_whole {
            self.added(digest, size);
        }
        is_whole
    }

    /// Where a blob with this SHA-256 lies.
    pub(crate) fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(BLOBS).join(digest)
    }

    /// Begins to write a blob.
    pub(crate) fn begin(&self, digest: &str, size: u64) -> io::Result<Blob> {
        Blob::begin(&self.path(digest), size, self.largest)
    }

    /// A blob was written.
    pub(crate) fn added(&mut self, digest: &str, size: u64) {
        self.blobs.insert(digest.to_owned(), size);
    }

    /// Writes a small blob.
    pub(crate) fn add(&mut self, digest: &str, bytes: &[u8]) -> Result<(), MakeError> {
        let path = self.path(digest);
        host::file::write(&path, 0o644, bytes).map_err(MakeError::write(&path))?;
        self.added(digest, bytes.len() as u64);
        Ok(())
    }

    /// An image is there with all its blobs.
    pub(crate) fn add_image(&mut self, name: &str, mut descriptor: Descriptor) {
        let names = HashMap::from([(NAME.to_owned(), name.to_owned())]);
        descriptor.set_annotations(Some(names));
        self.images.insert(name.to_owned(), descriptor);
    }

    /// Takes away blobs that no image has, writes the index, and gives all files as a listing has them.
    pub(crate) fn finish(self) -> Result<BTreeMap<String, Entry>, MakeError> {
        self.take_away_others()?;
        let image = |why: oci_spec::OciSpecError| MakeError::Image {
            image: "the index".to_owned(),
            why: why.to_string(),
        };
        let index = ImageIndexBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageIndex)
            .manifests(self.images.into_values().collect::<Vec<_>>())
            .build()
            .and_then(|index| index.to_string_pretty())
            .map_err(image)?;
        let layout = OciLayoutBuilder::default()
            .image_layout_version("1.0.0")
            .build()
            .and_then(|layout| layout.to_string())
            .map_err(image)?;
        let mut entries = BTreeMap::new();
        for (digest, size) in self.blobs {
            let sha256 = digest.clone();
            entries.insert(format!("{IMAGES}/{BLOBS}/{digest}"), Entry { size, sha256 });
        }
        for (name, text) in [("index.json", index), ("oci-layout", layout)] {
            let path = self.folder.join(name);
            host::file::write(&path, 0o644, text.as_bytes()).map_err(MakeError::write(&path))?;
            let (size, sha256) = (text.len() as u64, host::digest::of_bytes(&text));
            entries.insert(format!("{IMAGES}/{name}"), Entry { size, sha256 });
        }
        Ok(entries)
    }

    fn take_away_others(&self) -> Result<(), MakeError> {
        let kept: BTreeSet<&str> = self.blobs.keys().map(String::as_str).collect();
        take_away_all_but(&self.folder.join(BLOBS), |name| {
            let piece = name.split_once('.');
            let piece = piece.filter(|(_, number)| number.parse::<u32>().is_ok());
            kept.contains(piece.map_or(name, |(digest, _)| digest))
        })
    }
}

/// Takes files of an earlier bundle away from a folder of ours.
pub(crate) fn take_away_all_but(
    folder: &Path,
    is_kept: impl Fn(&str) -> bool,
) -> Result<(), MakeError> {
    for entry in std::fs::read_dir(folder).map_err(MakeError::read(folder))? {
        let path = entry.map_err(MakeError::read(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if path.is_file() && !name.is_some_and(&is_kept) {
            std::fs::remove_file(&path).map_err(MakeError::write(&path))?;
        }
    }
    Ok(())
}
