//! A repository that was found good, and its files.

use crate::choose::{Choice, Node, Unwanted, Wanted};
use crate::error::Error;
use crate::files::Files;
use crate::format::{
    Arch, BlockIndex, Digest, File, FileFacts, Manifest, Releases, Version, target_name,
};
use crate::store::{Pieces, Store};
use crate::targets::{self, Targets};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

/// The largest manifest that is asked for.
const LARGEST_MANIFEST: u64 = 64 << 10;

/// Size and digest of a file in the repository, as signed.
pub type TargetFacts = FileFacts;

/// Where a file of the repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On a web server, as far as is known without asking.
    Server,
    /// Here, with the size that was signed; what is in it is **not verified**.
    File(PathBuf),
    /// The repository is a folder, and it is not there: a stick has some of the releases that its metadata names.
    Missing,
}

/// A repository whose metadata is verified and in date.
#[derive(Debug, Clone)]
pub struct Repository {
    store: Store,
    targets: Targets,
    releases: Releases,
    expires: Timestamp,
    root_version: u64,
}

impl Repository {
    pub(crate) fn new(files: Files, releases: Releases) -> Repository {
        Repository {
            expires: files.loaded.earliest_expiry(),
            root_version: files.loaded.root.signed.version.get(),
            store: files.store,
            targets: files.targets,
            releases,
        }
    }

    /// All releases, the newest first.
    pub const fn releases(&self) -> &Releases {
        &self.releases
    }

    /// When the first of its metadata expires.
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The number of the newest root.
    pub const fn root_version(&self) -> u64 {
        self.root_version
    }

    /// All files by name, with size and digest as signed.
    pub fn files(&self) -> &BTreeMap<String, TargetFacts> {
        self.targets.all()
    }

    /// Size and digest of a file, as signed.
    ///
    /// # Errors
    /// The repository has none of that name.
    pub fn facts(&self, target: &str) -> Result<TargetFacts, Error> {
        self.targets.facts(target)
    }

    /// Where a file is.
    pub fn place(&self, target: &str) -> Place {
        let Store::Folder(folder) = &self.store else {
            return Place::Server;
        };
        let (Ok(path), Ok(facts)) = (self.targets.path_of(target), self.facts(target)) else {
            return Place::Missing;
        };
        let path = folder.join(path);
        match std::fs::metadata(&path) {
            Ok(is) if is.is_file() && is.len() == facts.size => Place::File(path),
            _ => Place::Missing,
        }
    }

    /// As [`Releases::choose`].
    ///
    /// # Errors
    /// Why none.
    pub fn choose(
        &self,
        wanted: &Wanted,
        node: &Node<'_>,
        now: Timestamp,
    ) -> Result<Choice, Unwanted> {
        self.releases.choose(wanted, node, now)
    }

    /// The manifest of a release, verified, and found to be of this release and of the files that the repository has.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn manifest(&self, version: &Version, arch: Arch) -> Result<Manifest, Error> {
        let what = target_name(version, arch, File::Manifest);
        let bytes = self.small(&what, LARGEST_MANIFEST).await?;
        let manifest = Manifest::parse(&bytes).map_err(|source| Error::Content {
            what: what.clone(),
            source,
        })?;
        let other = |why: String| Error::OtherRelease {
            what: what.clone(),
            why,
        };
        if (&manifest.version, manifest.arch) != (version, arch) {
            let why = format!("it is of {} for {}", manifest.version, manifest.arch);
            return Err(other(why));
        }
        for (file, facts) in &manifest.files {
            if self.facts(&target_name(version, arch, *file))? != *facts {
                return Err(other(format!("it names another {file}")));
            }
        }
        Ok(manifest)
    }

    /// The block index of a release's root image, verified, and found to be of an image of the right size.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn index(&self, version: &Version, arch: Arch) -> Result<BlockIndex, Error> {
        let what = target_name(version, arch, File::Blocks);
        let bytes = self.small(&what, BlockIndex::LARGEST).await?;
        let index = BlockIndex::parse(&bytes).map_err(|source| Error::Index {
            what: what.clone(),
            source,
        })?;
        let image = self.facts(&target_name(version, arch, File::Root))?.size;
        match index.length() == image {
            true => Ok(index),
            false => Err(Error::OtherRelease {
                what,
                why: format!(
                    "it is of {} bytes, the root image has {image}",
                    index.length()
                ),
            }),
        }
    }

    /// A small file, verified whole.
    ///
    /// # Errors
    /// As [`Error`] says; a file that is signed to be longer than `limit` is [`Error::Endless`].
    pub async fn small(&self, target: &str, limit: u64) -> Result<Vec<u8>, Error> {
        self.targets.small(&self.store, target, limit).await
    }

    /// A part of a file as its bytes come, in constant memory: **not verified**. The caller checks blocks, or the digest of the
    /// whole. A broken connection is taken up again where it broke. Every byte of the range comes, or an error.
    ///
    /// # Errors
    /// As [`Error`] says; [`Error::NoRanges`] when the server gives whole files only, and the range does not begin with the
    /// first byte.
    pub async fn stream(&self, target: &str, range: Range<u64>) -> Result<Pieces, Error> {
        self.targets.stream(&self.store, target, range).await
    }

    /// Reads all of a file and compares it with its digest, in constant memory.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn check(&self, target: &str) -> Result<(), Error> {
        let facts = self.facts(target)?;
        let mut pieces = self.stream(target, 0..facts.size).await?;
        let mut hasher = Sha256::new();
        while let Some(piece) = pieces.try_next().await? {
            hasher.update(&piece);
        }
        targets::is_signed(target, facts, Digest(hasher.finalize().into()))
    }
}
