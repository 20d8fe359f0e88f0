//! `manifest.json`: what a release is, for one architecture.

use super::{Arch, ContentError, Digest, File, Version, content};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The largest manifest that is read.
const LIMIT: usize = 64 << 10;

/// A manifest as it is written. A build writes one that names its UKI and root image; a published one has the other files and
/// the minimum version as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawManifest {
    /// Raised when older releases cannot read it any more.
    pub format: u32,
    /// Version of the release.
    pub version: String,
    /// Debian's name of the architecture.
    pub arch: String,
    /// Verity root hash of the root image, hexadecimal.
    pub root_hash: String,
    /// Bytes of the root image before its verity superblock.
    pub data_size: u64,
    /// Version of Kubernetes inside.
    pub kubernetes: String,
    /// When its sources were made, seconds since 1970.
    pub build_time: u64,
    /// The oldest version that may upgrade to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_version: Option<String>,
    /// Its files, by their name in the repository's folder.
    pub files: BTreeMap<String, RawFile>,
}

/// Size and digest of a file, as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawFile {
    /// Bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

impl RawManifest {
    /// The format that is written.
    pub const FORMAT: u32 = content::FORMAT;

    /// The text of the file.
    pub fn encode(&self) -> Vec<u8> {
        content::write(self)
    }
}

/// Size and digest of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub digest: Digest,
}

/// What a release is, for one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Version of the release.
    pub version: Version,
    /// What it is compiled for.
    pub arch: Arch,
    /// Verity root hash of the root image.
    pub root_hash: Digest,
    /// Bytes of the root image before its verity superblock.
    pub data_size: u64,
    /// Version of Kubernetes inside.
    pub kubernetes: String,
    /// When its sources were made, seconds since 1970.
    pub build_time: u64,
    /// The oldest version that may upgrade to it.
    pub min_version: Option<Version>,
    /// Its files but for the manifest itself. UKI and root image are always there.
    pub files: BTreeMap<File, FileFacts>,
}

impl Manifest {
    /// Reads a manifest. Files that this release does not know are left out.
    ///
    /// # Errors
    /// As [`ContentError`] says.
    pub fn parse(bytes: &[u8]) -> Result<Manifest, ContentError> {
        let raw: RawManifest = content::read(bytes, LIMIT)?;
        let name = ContentError::name;
        let min_version = raw.min_version.map(|version| version.parse()).transpose();
        let manifest = Manifest {
            version: raw.version.parse().map_err(name("version"))?,
            arch: raw.arch.parse().map_err(name("arch"))?,
            root_hash: raw.root_hash.parse().map_err(name("root_hash"))?,
            data_size: raw.data_size,
            kubernetes: kubernetes(raw.kubernetes)?,
            build_time: raw.build_time,
            min_version: min_version.map_err(name("min_version"))?,
            files: files(&raw.files)?,
        };
        let root = manifest.files.get(&File::Root).map(|root| root.size);
        let has_tree = root.is_some_and(|size| manifest.data_size < size);
        if !has_tree || !manifest.data_size.is_multiple_of(4096) {
            let why = "it is not a number of 4096-byte blocks that leaves room for the verity tree";
            return Err(ContentError::value("data_size", why));
        }
        Ok(manifest)
    }

    /// By what a delta knows a file of this release: the root image by its verity root hash, which a node that runs it has at hand, others
    /// by their SHA-256. None if the release has no such file.
    pub fn identity(&self, file: File) -> Option<Digest> {
        match file {
            File::Root => Some(self.root_hash),
            _ => self.files.get(&file).map(|facts| facts.digest),
        }
    }

    /// As it is written.
    pub fn raw(&self) -> RawManifest {
        let file = |(file, facts): (&File, &FileFacts)| {
            let raw = RawFile {
                size: facts.size,
                sha256: facts.digest.to_string(),
            };
            (file.name().to_owned(), raw)
        };
        RawManifest {
            format: RawManifest::FORMAT,
            version: self.version.to_string(),
            arch: self.arch.to_string(),
            root_hash: self.root_hash.to_string(),
            data_size: self.data_size,
            kubernetes: self.kubernetes.clone(),
            build_time: self.build_time,
            min_version: self.min_version.as_ref().map(ToString::to_string),
            files: self.files.iter().map(file).collect(),
        }
    }
}

/// A word: it is shown to people and compared.
pub(super) fn kubernetes(text: String) -> Result<String, ContentError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    match !text.is_empty() && text.len() <= 40 && text.chars().all(plain) {
        true => Ok(text),
        false => Err(ContentError::value("kubernetes", "it is not a version")),
    }
}

fn files(raw: &BTreeMap<String, RawFile>) -> Result<BTreeMap<File, FileFacts>, ContentError> {
    let mut files = BTreeMap::new();
    for file in File::ALL {
        let key = format!("files.{file}");
        match raw.get(file.name()) {
            Some(raw) => {
                let facts = FileFacts {
                    size: raw.size,
                    digest: raw.sha256.parse().map_err(ContentError::name(&key))?,
                };
                files.insert(file, facts);
            }
            None if matches!(file, File::Uki | File::Root) => {
                return Err(ContentError::value(key, "it is missing"));
            }
            None => {}
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> RawManifest {
        let file = |size| RawFile {
            size,
            sha256: "a".repeat(64),
        };
        RawManifest {
            format: 1,
            version: "0.2.0".into(),
            arch: "amd64".into(),
            root_hash: "b".repeat(64),
            data_size: 8192,
            kubernetes: "1.36.3".into(),
            build_time: 1_700_000_000,
            min_version: Some("0.1.0".into()),
            files: [
                ("uki.efi".into(), file(1)),
                ("root.img".into(), file(16_384)),
            ]
            .into(),
        }
    }

    #[test]
    fn there_and_back() {
        let manifest = Manifest::parse(&raw().encode()).unwrap();
        assert_eq!(manifest.raw(), raw());
        let mut more = raw();
        let other = more.files["uki.efi"].clone();
        more.files.insert("of-a-later-release".into(), other);
        assert_eq!(Manifest::parse(&more.encode()).unwrap(), manifest);
    }

    #[test]
    fn wrong_ones_say_where_and_why() {
        type Change = fn(&mut RawManifest);
        let cases: [(&str, Change); 8] = [
            ("version: \"x\" is not a version", |m| {
                m.version = "x".into()
            }),
            ("arch: \"x86\" is not an architecture", |m| {
                m.arch = "x86".into()
            }),
            ("root_hash: \"\" is not a SHA-256", |m| {
                m.root_hash = String::new()
            }),
            ("data_size: it is not a number of 4096", |m| {
                m.data_size = 4097
            }),
            ("data_size: it is not a number of 4096", |m| {
                m.data_size = 16_384
            }),
            ("kubernetes: it is not a version", |m| {
                m.kubernetes = "\u{1b}[2J".into()
            }),
            ("it has format 2, this release reads", |m| m.format = 2),
            ("files.root.img: it is missing", |m| {
                m.files.remove("root.img");
            }),
        ];
        for (expected, change) in cases {
            let mut raw = raw();
            change(&mut raw);
            let error = Manifest::parse(&raw.encode()).unwrap_err().to_string();
            assert!(error.contains(expected), "{expected}: {error}");
        }
        let error = Manifest::parse(&[b' '; LIMIT + 1]).unwrap_err().to_string();
        assert!(error.contains("more than the 65536"), "{error}");
    }
}
