//! Images from archives on this workstation: an OCI image layout, as a folder or a tar, and what `docker save` writes.

use crate::below::below;
use crate::blob::Copying;
use crate::docker_save;
use crate::document::{Document, hex, no_image};
use crate::error::MakeError;
use crate::layout::Layout;
use crate::names::full_name;
use crate::packed::unpacked;
use bundle::Pieces;
use oci_spec::image::{Descriptor, ImageIndex};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
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
        let bytes = std::fs::read(&path).map_err(self.unread(name, digest, &path))?;
        let document = Document::new(bytes);
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
            from: Pieces::open(&from).map_err(self.unread(name, &digest, &from))?,
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

    /// What the index names and is not there was at the end of an archive that was cut off.
    fn unread(&self, name: &str, digest: &str, path: &Path) -> impl FnOnce(io::Error) -> MakeError {
        move |error| match error.kind() {
            io::ErrorKind::NotFound => no_image(
                name,
                format!(
                    "{} was cut off or is damaged: it has no {digest}",
                    self.path.display()
                ),
            ),
            _ => MakeError::read(path)(error),
        }
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

/// Unpacks files and folders. A link could lead anywhere: what it leads to in the archive is put in its place, and nothing else.
fn unpack(path: &Path) -> Result<TempDir, MakeError> {
    let folder = tempfile::tempdir().map_err(MakeError::write(std::env::temp_dir()))?;
    let none = |error: io::Error| MakeError::Archive {
        path: path.to_owned(),
        why: format!("{error}: it was cut off, or is no tar"),
    };
    let no_room = |source| MakeError::Unpack {
        path: path.to_owned(),
        folder: folder.path().to_owned(),
        source,
    };
    let mut links = Vec::new();
    let mut archive = tar::Archive::new(unpacked(path)?);
    for entry in archive.entries().map_err(none)? {
        let mut entry = entry.map_err(none)?;
        let kind = entry.header().entry_type();
        let inside = entry.path().map_err(none)?.into_owned();
        if kind.is_file() {
            let to = below(folder.path(), &inside).ok_or_else(|| {
                none(io::Error::other(format!(
                    "{} leads elsewhere",
                    inside.display()
                )))
            })?;
            let parent = to.parent().unwrap_or(folder.path());
            std::fs::create_dir_all(parent).map_err(no_room)?;
            let mut file = File::create(&to).map_err(no_room)?;
            copy(&mut entry, &mut file)
                .map_err(none)?
                .map_err(no_room)?;
        } else if let Some(target) = entry.link_name().map_err(none)? {
            let base = match kind.is_symlink() {
                true => inside.parent().unwrap_or(Path::new("")),
                false => Path::new(""),
            };
            links.push((inside.clone(), base.join(target)));
        }
    }
    // `docker save` wrote a layer of several images once, and links to it.
    for (link, target) in links {
        let at = |path: &Path| resolved(path).map(|path| folder.path().join(path));
        if let (Some(link), Some(target)) = (at(&link), at(&target))
            && target.is_file()
            && !link.exists()
        {
            std::fs::create_dir_all(link.parent().unwrap_or(folder.path())).map_err(no_room)?;
            std::fs::hard_link(target, link).map_err(no_room)?;
        }
    }
    Ok(folder)
}

/// Copies an entry. What reading fails with is the outer error, what writing fails with the inner one.
fn copy(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<io::Result<()>> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(Ok(())),
            Ok(count) => {
                if let Err(error) = to.write_all(&buffer[..count]) {
                    return Ok(Err(error));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A path without `..`; none if it leads out of the archive.
fn resolved(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            _ => return None,
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::{copy, resolved};
    use std::io::{self, Read, Write};
    use std::path::Path;

    struct Fails;

    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A full disk of the workstation is not said of the archive.
    #[test]
    fn what_fails_is_told_apart() {
        assert!(copy(&mut Fails, &mut io::sink()).is_err());
        let written = copy(&mut &b"a"[..], &mut Fails).expect("it can be read");
        let error = written.expect_err("it cannot be written");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn no_link_leads_out() {
        for (path, leads) in [
            ("a/../b/layer.tar", Some("b/layer.tar")),
            ("./a", Some("a")),
            ("a/../../etc/passwd", None),
            ("/etc/passwd", None),
        ] {
            assert_eq!(
                resolved(Path::new(path)).as_deref(),
                leads.map(Path::new),
                "{path}"
            );
        }
    }
}
