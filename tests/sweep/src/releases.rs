//! The releases of the sweep: small, and all of each different from all of every other.

use crate::autoboot::DEVICE_TREE;
use crate::layout::SLOT_BOOT;
use crate::log::SECTOR;
use anyhow::Context;
use disk::verity::{Params, append};
use formats::fat::{self, Kind, Label, VolumeSpec};
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
    /// The image of a slot's own boot partition.
    pub boot_image: Vec<u8>,
    /// Its root image with its tree.
    pub root: Vec<u8>,
    /// The verity root hash of that.
    pub root_hash: String,
}

/// Files of a slot's own boot partition, in the order in which they are compared.
pub const BOOT_FILES: [&str; 5] = [
    "config.txt",
    "cmdline.txt",
    "vmlinuz",
    "initramfs",
    DEVICE_TREE,
];

/// What the first sector of a UKI, or a command line, says.
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
        let files = boot_files(version, &root_hash, &uki);
        Ok(Self {
            boot_image: boot_image(&files)?,
            version: version.to_owned(),
            uki,
            root: image.into_inner(),
            root_hash,
        })
    }
}

/// What a slot's own boot partition holds of this release.
fn boot_files(version: &str, root_hash: &str, uki: &[u8]) -> [(&'static str, Vec<u8>); 5] {
    let config = "arm_64bit=1\nkernel=vmlinuz\ninitramfs initramfs followkernel\n";
    let size = BLOCKS * BLOCK;
    let cmdline =
        format!("{MAGIC}{version} holdfast.roothash={root_hash} holdfast.rootsize={size} quiet\n");
    let contents = [
        config.as_bytes().to_vec(),
        cmdline.into_bytes(),
        uki.to_vec(),
        filling(&format!("initramfs {version}"), 3 * SECTOR + 100),
        filling(&format!("tree {version}"), 2 * SECTOR),
    ];
    let mut contents = contents.into_iter();
    BOOT_FILES.map(|name| (name, contents.next().unwrap_or_default()))
}

fn boot_image(files: &[(&str, Vec<u8>)]) -> anyhow::Result<Vec<u8>> {
    let spec = VolumeSpec {
        kind: Kind::Fat32,
        label: Label::new("SLOT")?,
        id: 2,
        cluster: SECTOR as u32,
    };
    let files: Vec<_> = files
        .iter()
        .map(|(name, content)| (*name, &content[..]))
        .collect();
    Ok(fat::image(&spec, SLOT_BOOT, &files)?)
}

/// The files of [`BOOT_FILES`] one after the other, each filled up with zeroes to a whole sector: what a slot has of a release.
pub fn boot_sectors(release: &Release) -> Vec<u8> {
    let mut all = Vec::new();
    for (_, mut content) in boot_files(&release.version, &release.root_hash, &release.uki) {
        content.resize(content.len().next_multiple_of(SECTOR), 0);
        all.extend(content);
    }
    all
}

/// Bytes of those files, without what fills them up.
pub fn boot_size(release: &Release) -> usize {
    let files = boot_files(&release.version, &release.root_hash, &release.uki);
    files.iter().map(|(_, content)| content.len()).sum()
}

/// What a UKI with this first sector says; none if it is no UKI.
pub fn says(head: &[u8]) -> Option<Says> {
    let text = std::str::from_utf8(head).ok()?.trim_end_matches('\0');
    let text = text.strip_prefix(MAGIC)?;
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
    let boot = build.join("boot");
    let mut files = Vec::new();
    for (name, path, content) in [
        ("uki.efi", &uki, &release.uki),
        ("boot.img", &boot, &release.boot_image),
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
        boot_image: Some(boot),
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
