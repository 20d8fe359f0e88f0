//! `bundle.json`, which somebody else wrote: raw → checked.

use crate::paths::{IMAGES, MANIFESTS};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// The format that is written.
const FORMAT: u32 = 1;
/// The same with files in pieces, which earlier releases do not find.
const IN_PIECES: u32 = 2;
/// Where an OCI image layout has its blobs, below the images.
const BLOBS: &str = "images/blobs/sha256/";
/// Longest path; all of ours are shorter.
const LONGEST_PATH: usize = 255;
/// Longest name of a bundle.
const LONGEST_NAME: usize = 40;

/// A file as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal, small letters.
    pub sha256: String,
}

/// The name of a bundle: the next one of the same name takes its place on a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// What a bundle holds beside releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listing {
    format: u32,
    name: Name,
    made: String,
    images: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    platforms: BTreeSet<String>,
    files: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct RawListing {
    format: u32,
    name: Name,
    made: String,
    images: BTreeSet<String>,
    /// Earlier releases neither write nor look at it.
    #[serde(default)]
    platforms: BTreeSet<String>,
    files: BTreeMap<String, Entry>,
}

/// Longest name of an architecture.
const LONGEST_PLATFORM: usize = 20;

/// A text is no listing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListingError {
    /// It is no JSON, or has not the fields.
    #[error("{0}")]
    Parse(#[from] serde_json::Error),
    /// It is of a later release.
    #[error(
        "it has format {0}, and formats to {IN_PIECES} are known: it was made by a later release of holdfast"
    )]
    Format(u32),
    /// The name cannot be one.
    #[error(
        "{0:?} is no name of a bundle: 1 to {LONGEST_NAME} of a-z, 0-9 and -, no - at the ends"
    )]
    Name(String),
    /// What the images are for cannot be the name of an architecture.
    #[error("{0:?} is no name of an architecture")]
    Platform(String),
    /// A path leads elsewhere, or is no path of ours.
    #[error("{0:?} is no path of a file in {IMAGES}/ or {MANIFESTS}/")]
    Path(String),
    /// A digest is none, or not the one that the blob's name says.
    #[error("{path}: {digest:?} is not its SHA-256")]
    Digest {
        /// Which file.
        path: String,
        /// What is said.
        digest: String,
    },
}

impl Listing {
    /// One of this content, with images for these `platforms`; `in_pieces` is whether files lie in pieces.
    ///
    /// # Errors
    /// As [`ListingError`] says.
    pub fn new(
        name: Name,
        made: String,
        (images, platforms): (BTreeSet<String>, BTreeSet<String>),
        files: BTreeMap<String, Entry>,
        in_pieces: bool,
    ) -> Result<Listing, ListingError> {
        let raw = RawListing {
            format: if in_pieces { IN_PIECES } else { FORMAT },
            name,
            made,
            images,
            platforms,
            files,
        };
        raw.check()
    }

    /// Reads one that somebody else wrote.
    ///
    /// # Errors
    /// As [`ListingError`] says.
    pub fn parse(bytes: &[u8]) -> Result<Listing, ListingError> {
        // A later format may have other fields, and should be told as what it is.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(bytes)?;
        if ![FORMAT, IN_PIECES].contains(&format) {
            return Err(ListingError::Format(format));
        }
        serde_json::from_slice::<RawListing>(bytes)?.check()
    }

    /// Its text, the same for the same content.
    ///
    /// # Errors
    /// Never for what was checked; serde's.
    pub fn to_json(&self) -> Result<Vec<u8>, ListingError> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// The bundle's name.
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// When it was made, as its maker's clock said.
    pub fn made(&self) -> &str {
        &self.made
    }

    /// Full names of the images.
    pub const fn images(&self) -> &BTreeSet<String> {
        &self.images
    }

    /// What the images are for, as image configurations call it: `amd64`. Empty where nobody wrote it down.
    pub const fn platforms(&self) -> &BTreeSet<String> {
        &self.platforms
    }

    /// Files by path below the bundle's folder.
    pub const fn files(&self) -> &BTreeMap<String, Entry> {
        &self.files
    }
}

impl RawListing {
    fn check(self) -> Result<Listing, ListingError> {
        let is_one = |name: &str| is_plain_name(name) && name.len() <= LONGEST_PLATFORM;
        if let Some(strange) = self.platforms.iter().find(|name| !is_one(name)) {
            let strange = strange.chars().take(80).collect();
            return Err(ListingError::Platform(strange));
        }
        for (path, entry) in &self.files {
            check_path(path)?;
            let is_digest = entry.sha256.len() == 64
                && entry
                    .sha256
                    .bytes()
                    .all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
            let is_named = path
                .strip_prefix(BLOBS)
                .is_none_or(|name| name == entry.sha256);
            if !is_digest || !is_named {
                return Err(ListingError::Digest {
                    path: path.clone(),
                    digest: entry.sha256.chars().take(80).collect(),
                });
            }
        }
        Ok(Listing {
            format: self.format,
            name: self.name,
            made: self.made,
            images: self.images,
            platforms: self.platforms,
            files: self.files,
        })
    }
}

/// Whether a file or folder in a bundle may have this name: any stick can hold it, and it leads nowhere else.
pub fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

fn check_path(path: &str) -> Result<(), ListingError> {
    let mut parts = path.split('/');
    let ours = parts
        .next()
        .is_some_and(|first| first == IMAGES || first == MANIFESTS);
    let rest: Vec<&str> = parts.collect();
    match ours
        && !rest.is_empty()
        && rest.into_iter().all(is_plain_name)
        && path.len() <= LONGEST_PATH
    {
        true => Ok(()),
        false => Err(ListingError::Path(path.chars().take(300).collect())),
    }
}

impl TryFrom<String> for Name {
    type Error = ListingError;

    fn try_from(text: String) -> Result<Name, ListingError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let good = (1..=LONGEST_NAME).contains(&text.len())
            && text.chars().all(plain)
            && !text.starts_with('-')
            && !text.ends_with('-');
        match good {
            true => Ok(Name(text)),
            false => Err(ListingError::Name(text.chars().take(80).collect())),
        }
    }
}

impl FromStr for Name {
    type Err = ListingError;

    fn from_str(text: &str) -> Result<Name, ListingError> {
        Name::try_from(text.to_owned())
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
