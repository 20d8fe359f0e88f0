//! A bundle's folder, read as what somebody else wrote.

use crate::checked::Checked;
use crate::error::BundleError;
use crate::listing::{Entry, Listing};
use crate::paths::{FOLDER, IMAGES, LISTING, MANIFESTS, RELEASES, SIGNATURES};
use crate::signature::{PublicKey, Signature};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The largest listing that is read: some 30,000 files.
const LARGEST_LISTING: u64 = 8 << 20;
/// The largest file of signatures.
const LARGEST_SIGNATURES: u64 = 64 << 10;
/// The largest manifest that nodes read: more than an API server takes.
pub const LARGEST_MANIFEST: u64 = 8 << 20;
/// Names that containerd reads an image layout by. They come last: an archive that broke off is no layout then.
const HEADS: [&str; 2] = ["index.json", "oci-layout"];

/// A bundle whose listing was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    folder: PathBuf,
    listing: Listing,
    digest: String,
    keys: Vec<PublicKey>,
    vouched_by: Option<PublicKey>,
}

/// Whether a stick that is mounted there has a bundle.
pub fn is_there(stick: &Path) -> bool {
    stick.join(FOLDER).join(LISTING).is_file()
}

/// Whether a stick that is mounted there has a release repository.
pub fn has_releases(stick: &Path) -> bool {
    let metadata = stick.join(FOLDER).join(RELEASES).join("metadata");
    metadata.join("timestamp.json").is_file()
}

impl Bundle {
    /// Reads the listing of a stick that is mounted there, and looks whether one of `signers` vouches for it.
    ///
    /// # Errors
    /// It cannot be read, is none, or is not what a signer signed. A bundle that nobody vouches for is no error here:
    /// [`Bundle::vouched_by`] says so.
    pub fn open(stick: &Path, signers: &[PublicKey]) -> Result<Bundle, BundleError> {
        let folder = stick.join(FOLDER);
        let path = folder.join(LISTING);
        let bytes = read(&path, LARGEST_LISTING)?;
        let listing = Listing::parse(&bytes).map_err(|source| BundleError::Listing {
            path: path.clone(),
            source,
        })?;
        let signatures = signatures(&folder.join(SIGNATURES))?;
        let mut vouched_by = None;
        for signature in signatures.iter().filter(|is| signers.contains(&is.key)) {
            if !signature.is_of(&bytes) {
                let (listing, key) = (path, signature.key.to_string());
                return Err(BundleError::Forged { listing, key });
            }
            vouched_by.get_or_insert(signature.key);
        }
        Ok(Bundle {
            digest: host::digest::hex(&Sha256::digest(&bytes)),
            keys: signatures.into_iter().map(|is| is.key).collect(),
            folder,
            listing,
            vouched_by,
        })
    }

    /// What it holds.
    pub const fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Whether its images, if it has any, run on this `machine`. Of a bundle that does not say what they are for that is not known.
    ///
    /// # Errors
    /// They are for others.
    pub fn is_for(&self, machine: &str) -> Result<(), BundleError> {
        let platforms = self.listing.platforms();
        if platforms.is_empty() || platforms.contains(machine) {
            return Ok(());
        }
        let there: Vec<&str> = platforms.iter().map(String::as_str).collect();
        Err(BundleError::OtherMachine {
            name: self.listing.name().to_string(),
            there: there.join(", "),
            machine: machine.to_owned(),
        })
    }

    /// SHA-256 of the listing: another one is another bundle.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Which of the signers vouches for it.
    pub const fn vouched_by(&self) -> Option<PublicKey> {
        self.vouched_by
    }

    /// The keys that are said to have signed it, for a message: they prove nothing.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Names of the manifests, in order.
    pub fn manifests(&self) -> impl Iterator<Item = &str> {
        let files = self.listing.files().keys();
        files.filter_map(|path| path.strip_prefix(MANIFESTS)?.strip_prefix('/'))
    }

    /// A manifest by its name.
    ///
    /// # Errors
    /// It cannot be read, or is not the file that is listed.
    pub fn manifest(&self, name: &str) -> Result<Vec<u8>, BundleError> {
        let path = format!("{MANIFESTS}/{name}");
        let entry = self.entry(&path)?;
        let path = self.folder.join(&path);
        if entry.size > LARGEST_MANIFEST {
            let limit = LARGEST_MANIFEST;
            return Err(BundleError::Large { path, limit });
        }
        let mut bytes = Vec::new();
        self.copy(&path, entry, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes the images as one archive that containerd imports, in constant memory. An error is met before the archive's last
    /// files: what was written until then is no image layout.
    ///
    /// # Errors
    /// A file cannot be read or is not the one that is listed, or the writer takes no more.
    pub fn write_images(&self, out: &mut dyn Write) -> Result<(), BundleError> {
        let mut archive = tar::Builder::new(out);
        let (heads, blobs): (Vec<_>, Vec<_>) =
            self.images().partition(|(name, _)| HEADS.contains(name));
        for (name, entry) in blobs.into_iter().chain(heads) {
            let path = self.folder.join(IMAGES).join(name);
            let mut header = tar::Header::new_ustar();
            header.set_size(entry.size);
            header.set_mode(0o644);
            header.set_entry_type(tar::EntryType::Regular);
            let mut reader = Checked::open(path, entry)?;
            let added = archive.append_data(&mut header, name, &mut reader);
            match (reader.wrong.take(), added) {
                (Some(wrong), _) => return Err(wrong),
                (None, Err(error)) => return Err(BundleError::Write(error)),
                (None, Ok(())) => {}
            }
        }
        archive.finish().map_err(BundleError::Write)
    }

    /// Bytes of all image files.
    pub fn images_size(&self) -> u64 {
        self.images().map(|(_, entry)| entry.size).sum()
    }

    fn images(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let files = self.listing.files().iter();
        files.filter_map(|(path, entry)| {
            Some((path.strip_prefix(IMAGES)?.strip_prefix('/')?, entry))
        })
    }

    fn entry(&self, path: &str) -> Result<&Entry, BundleError> {
        let entry = self.listing.files().get(path);
        entry.ok_or_else(|| BundleError::NotListed(path.to_owned()))
    }

    fn copy(&self, path: &Path, entry: &Entry, out: &mut Vec<u8>) -> Result<(), BundleError> {
        let mut reader = Checked::open(path.to_owned(), entry)?;
        let copied = reader.read_to_end(out);
        match (reader.wrong.take(), copied) {
            (Some(wrong), _) => Err(wrong),
            (None, Err(error)) => Err(BundleError::read(path)(error)),
            (None, Ok(_)) => Ok(()),
        }
    }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, BundleError> {
    let file = File::open(path).map_err(BundleError::read(path))?;
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(BundleError::read(path))?;
    match bytes.len() as u64 > limit {
        true => Err(BundleError::Large {
            path: path.to_owned(),
            limit,
        }),
        false => Ok(bytes),
    }
}

/// A bundle need not be signed.
fn signatures(path: &Path) -> Result<Vec<Signature>, BundleError> {
    let text = match read(path, LARGEST_SIGNATURES) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(BundleError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let signature = |(number, line): (usize, &str)| {
        line.parse().map_err(|_| BundleError::SignatureLine {
            path: path.to_owned(),
            line: number + 1,
        })
    };
    lines.map(signature).collect()
}
