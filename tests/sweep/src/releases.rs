//! The releases of the sweep: small, and all of each different from all of every other.

use crate::log::SECTOR;
use anyhow::Context;
use disk::verity::{Params, append};
use jiff::Timestamp;
use release::keys::{Init, init};
use release::publish::{Lifetimes, Publication, publish};
use release::{Digest, RawFile, RawManifest};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Blocks of a root image, without its tree.
const BLOCKS: usize = 60;
/// Bytes of a root image, without its tree.
pub const ROOT_SIZE: u64 = (BLOCKS * BLOCK) as u64;
const BLOCK: usize = 4096;
/// Bytes of a UKI.
const UKI: usize = 64 << 10;
/// What a UKI begins with here.
const MAGIC: &str = "MZ sweep ";

/// A release.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its version.
    pub version: String,
    /// Its UKI.
    pub uki: Vec<u8>,
    /// Its root image with its tree.
    pub root: Vec<u8>,
    /// The verity root hash of that.
    pub root_hash: String,
}

/// What the first sector of a UKI says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    /// The version.
    pub version: String,
    /// The root that it belongs to.
    pub root_hash: String,
}

impl Release {
    /// The one of this version, always the same.
    ///
    /// # Errors
    /// The tree cannot be made.
    pub fn new(version: &str) -> anyhow::Result<Self> {
        let mut image = Cursor::new(filling(&format!("root {version}"), BLOCKS * BLOCK));
        let params = Params {
            salt: vec![7; 32],
            uuid: uuid::Uuid::nil(),
        };
        let root_hash = append(&mut image, params)?.root_hash().to_string();
        let size = BLOCKS * BLOCK;
        let mut uki = format!(
            "{MAGIC}{version} holdfast.roothash={root_hash} holdfast.rootsize={size} quiet\n"
        )
        .into_bytes();
        uki.resize(SECTOR, b' ');
        uki.extend(filling(&format!("uki {version}"), UKI - SECTOR));
        Ok(Self {
            version: version.to_owned(),
            uki,
            root: image.into_inner(),
            root_hash,
        })
    }
}

/// What a UKI with this first sector says; none if it is no UKI.
pub fn says(head: &[u8]) -> Option<Says> {
    let text = std::str::from_utf8(head).ok()?.strip_prefix(MAGIC)?;
    let mut words = text.split_whitespace();
    let version = words.next()?.to_owned();
    let root_hash = words.next()?.strip_prefix("holdfast.roothash=")?.to_owned();
    Some(Says { version, root_hash })
}

/// Publishes `releases` to a repository in `folder`; gives the root that nodes trust.
///
/// # Errors
/// It cannot be written.
pub fn shop(folder: &Path, releases: &[Release]) -> anyhow::Result<PathBuf> {
    let keys = folder.join("keys");
    init(&Init {
        folder: keys.clone(),
        root_keys: 1,
        threshold: 1,
        expires: Timestamp::now() + jiff::SignedDuration::from_hours(24 * 365),
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for release in releases {
        let publication = build(folder, release)?;
        runtime
            .block_on(publish(&publication, Timestamp::now()))
            .with_context(|| format!("cannot publish {}", release.version))?;
    }
    Ok(keys.join("1.root.json"))
}

fn build(folder: &Path, release: &Release) -> anyhow::Result<Publication> {
    let build = folder.join(&release.version);
    fs::create_dir_all(&build)?;
    let (uki, root, manifest) = (build.join("efi"), build.join("root"), build.join("json"));
    let mut files = Vec::new();
    for (name, path, content) in [
        ("uki.efi", &uki, &release.uki),
        ("root.img", &root, &release.root),
    ] {
        fs::write(path, content)?;
        let file = RawFile {
            size: content.len() as u64,
            sha256: Digest::of(content).to_string(),
        };
        files.push((name.to_owned(), file));
    }
    let raw = RawManifest {
        format: RawManifest::FORMAT,
        version: release.version.clone(),
        arch: "amd64".to_owned(),
        root_hash: release.root_hash.clone(),
        data_size: (BLOCKS * BLOCK) as u64,
        kubernetes: "1.36.3".to_owned(),
        build_time: 1_780_000_000,
        min_version: None,
        files: files.into_iter().collect(),
    };
    fs::write(&manifest, raw.encode())?;
    Ok(Publication {
        repo: folder.join("repo"),
        keys: folder.join("keys"),
        uki,
        boot_image: None,
        root,
        manifest,
        sbom: None,
        channel: "stable".to_owned(),
        rollout: 100,
        not_before: None,
        severity: None,
        changelog: None,
        min_version: None,
        downgrade: false,
        deltas: 0,
        lifetimes: Lifetimes::default(),
    })
}

/// Bytes that look like chance and are always the same.
fn filling(seed: &str, length: usize) -> Vec<u8> {
    let mut next = Digest::of(seed);
    let mut bytes = Vec::with_capacity(length + 32);
    while bytes.len() < length {
        bytes.extend(next.0);
        next = Digest::of(next.0);
    }
    bytes.truncate(length);
    bytes
}
