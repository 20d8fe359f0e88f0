//! Why no bundle was made.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// A bundle was not made. What was written so far has no listing, and no node uses it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The stick is full.
    #[error(
        "there is no room for {}: take a larger stick, or bring less. What is there is no bundle yet; the next try goes on with it", path.display()
    )]
    Full {
        /// What had no room.
        path: PathBuf,
    },
    /// The stick takes nothing.
    #[error(
        "{} cannot be written: the stick is read-only. Switch its write protection off; if it has none, its file system is damaged: check it, or take another", path.display()
    )]
    ReadOnly {
        /// What was to be written.
        path: PathBuf,
    },
    /// A file is too large for the stick's file system.
    #[error(
        "{} is too large for the file system of the stick: format it as exFAT or ext4", path.display()
    )]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of the list is no image.
    #[error("{}, line {line}: {text:?} is no name of an image: {why}", path.display())]
    Name {
        /// The list.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What stands there.
        text: String,
        /// Why it is none.
        why: String,
    },
    /// A manifest does not parse.
    #[error("{} cannot be read as YAML: {why}", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// Where and why.
        why: String,
    },
    /// A manifest says nothing. A node cannot tell that from one that was cut short, and complains for as long as it is there.
    #[error("{} has no object in it, which each node would report as a problem: remove the file, or write it", path.display())]
    EmptyManifest {
        /// Which.
        path: PathBuf,
    },
    /// A document is no object. Nodes take nothing of a file that has one.
    #[error(
        "document {number} of {} has no {lacks}, and nodes would take nothing of the file: write it, or remove the document", path.display()
    )]
    NoObject {
        /// The file.
        path: PathBuf,
        /// Which, from 1, of those that are not empty.
        number: usize,
        /// What it lacks.
        lacks: &'static str,
    },
    /// A manifest is larger than nodes read.
    #[error(
        "{} has more than {} MiB, the most that nodes read of a manifest: divide it", path.display(), bundle::LARGEST_MANIFEST >> 20
    )]
    LargeManifest {
        /// Which.
        path: PathBuf,
    },
    /// A manifest is a device, a pipe.
    #[error("{} is no file: remove it, or write the manifest into a file", path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
    },
    /// On FAT and exFAT one of them would take the place of the other.
    #[error(
        "{other} and {} differ in capital letters alone, and most sticks hold only one of them: rename one", path.file_name().unwrap_or_default().display()
    )]
    SameName {
        /// One.
        path: PathBuf,
        /// The name of the other.
        other: String,
    },
    /// A bundle without manifests removes those of the one before it from clusters: nobody gets that by a mistyped folder.
    #[error(
        "{} has no manifest in it (.yaml, .yml, .json): name the folder that has them, or leave --manifests out", path.display()
    )]
    NoManifests {
        /// The folder.
        path: PathBuf,
    },
    /// A folder is among the manifests. Nodes have all manifests in one.
    #[error(
        "{} is a folder, and manifests in it would not be in the bundle: move them up, beside it, and the folder away", path.display()
    )]
    ManifestFolder {
        /// Which.
        path: PathBuf,
    },
    /// A file's name cannot be one of a bundle.
    #[error(
        "{}: a manifest's name may have letters a-z and A-Z, digits, `.`, `-` and `_`; rename it", path.display()
    )]
    FileName {
        /// Which.
        path: PathBuf,
    },
    /// Manifests need images that are not in the list.
    #[error(
        "{} of the images that the manifests name {} not in the bundle:\n{}\nadd them to the list of images, or say --allow-missing NAME for those that a node has otherwise",
        .0.len(), if .0.len() == 1 { "is" } else { "are" }, .0.join("\n")
    )]
    Open(Vec<String>),
    /// A registry did not give an image.
    #[error("{image} cannot be had from its registry: {why}")]
    Registry {
        /// Which.
        image: String,
        /// What it said.
        why: String,
    },
    /// An image is not there for a wanted platform.
    #[error("{image} is not made for {wanted}; it is there for {there}")]
    Platform {
        /// Which image.
        image: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        there: String,
    },
    /// What should be an image is none.
    #[error("{image} is no image that can be used: {why}")]
    Image {
        /// Which.
        image: String,
        /// Why.
        why: String,
    },
    /// An archive is none.
    #[error("{} is no archive of images: {why}", path.display())]
    Archive {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// An archive cannot be unpacked on this workstation.
    #[error(
        "cannot unpack {} in {}: it needs room there for all that is in it. TMPDIR names another folder", path.display(), folder.display()
    )]
    Unpack {
        /// Which.
        path: PathBuf,
        /// Where.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The folder holds something else.
    #[error("{} is there already, and is not of a bundle: take another stick, or move it away", path.display())]
    InTheWay {
        /// Which.
        path: PathBuf,
    },
    /// The release cannot be had.
    #[error("the release cannot be copied")]
    Release(#[from] release::publish::PublishError),
    /// The listing cannot be made.
    #[error("the listing cannot be made")]
    Listing(#[from] bundle::ListingError),
}

impl MakeError {
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> MakeError {
        let path = path.into();
        |source| MakeError::Read { path, source }
    }

    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> MakeError {
        let path = path.into();
        |source| match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => MakeError::Full { path },
            ErrorKind::ReadOnlyFilesystem => MakeError::ReadOnly { path },
            ErrorKind::FileTooLarge => MakeError::TooLarge { path },
            _ => MakeError::Write { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MakeError;
    use std::io;

    #[test]
    fn a_stick_that_takes_no_more_is_told_with_what_to_do() {
        // The numbers of ENOSPC, EDQUOT, EROFS, EFBIG and EIO.
        for (number, expected) in [
            (28, "there is no room for /media/x: take a larger stick"),
            (122, "there is no room for /media/x"),
            (
                30,
                "the stick is read-only. Switch its write protection off",
            ),
            (27, "format it as exFAT or ext4"),
            (5, "cannot write /media/x"),
        ] {
            let error = io::Error::from_raw_os_error(number);
            let said = MakeError::write("/media/x")(error).to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
}
