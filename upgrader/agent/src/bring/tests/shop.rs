//! A repository with releases 0.1.0 and 0.2.0, whose root images share most of their bytes, and the delta between them.

use disk::verity::{Params, append};
use jiff::Timestamp;
use release::keys::{Init, init};
use release::publish::{Lifetimes, Publication, publish};
use release::{Digest, RawFile, RawManifest};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const BLOCKS: usize = 200;

pub(crate) struct Shop {
    folder: TempDir,
    /// Of each root image, without its tree.
    blocks: usize,
}

impl Shop {
    pub(crate) async fn open() -> Shop {
        Shop::with(BLOCKS, &["0.1.0", "0.2.0"]).await
    }

    pub(crate) async fn with(blocks: usize, versions: &[&str]) -> Shop {
        let shop = Shop {
            folder: tempfile::tempdir().expect("folder"),
            blocks,
        };
        let keys = Init {
            folder: shop.path("keys"),
            root_keys: 1,
            threshold: 1,
            expires: Timestamp::now() + jiff::SignedDuration::from_hours(24 * 365),
        };
        init(&keys).expect("keys");
        image(&shop.root("0.0.9"), "0.0.9");
        for (before, version) in versions.iter().enumerate() {
            let published = publish(&shop.build(version), Timestamp::now()).await;
            let published = published.expect("published");
            assert_eq!(published.deltas.len(), before);
        }
        shop
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    pub(crate) fn root(&self, version: &str) -> PathBuf {
        self.path(&format!("{version}.root"))
    }

    pub(crate) fn uki(&self, version: &str) -> PathBuf {
        self.path(&format!("{version}.efi"))
    }

    pub(crate) fn root_hash(&self, version: &str) -> Digest {
        let copy = self.path("copy");
        let hash = image_of(&copy, version, self.blocks);
        hash.parse().expect("a digest")
    }

    fn build(&self, version: &str) -> Publication {
        let root = self.root(version);
        let root_hash = image_of(&root, version, self.blocks);
        let data_size = (self.blocks * 4096) as u64;
        let uki = self.uki(version);
        let line = format!("{version} holdfast.roothash={root_hash} holdfast.rootsize={data_size}");
        // A kernel that is the same in each.
        let kernel = filling("kernel", 60_000);
        fs::write(&uki, [line.as_bytes(), &kernel].concat()).expect("written");
        let facts = |path: &Path| {
            let content = fs::read(path).expect("read");
            RawFile {
                size: content.len() as u64,
                sha256: Digest::of(content).to_string(),
            }
        };
        let files = [
            ("uki.efi".to_owned(), facts(&uki)),
            ("root.img".to_owned(), facts(&root)),
        ];
        let raw = RawManifest {
            format: RawManifest::FORMAT,
            version: version.to_owned(),
            arch: "amd64".to_owned(),
            root_hash,
            data_size,
            kubernetes: "1.36.3".to_owned(),
            build_time: 1_780_000_000,
            min_version: None,
            files: files.into(),
        };
        let manifest = self.path("json");
        fs::write(&manifest, raw.encode()).expect("written");
        Publication {
            repo: self.repo(),
            keys: self.path("keys"),
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
            deltas: 2,
            lifetimes: Lifetimes::default(),
        }
    }
}

/// Bytes that do not get smaller: each version has some of its own, from another place on; with their verity tree. Gives the root
/// hash.
pub(crate) fn image(path: &Path, version: &str) -> String {
    image_of(path, version, BLOCKS)
}

fn image_of(path: &Path, version: &str, blocks: usize) -> String {
    let shared = match version {
        "0.1.0" | "0.2.0" => "shared",
        other => other,
    };
    let own = 4096 * (10 + usize::from(version == "0.2.0"));
    let mut bytes = filling(shared, 4096 * 60);
    bytes.extend(filling(version, own));
    bytes.extend(filling(&format!("{shared} end"), 4096 * blocks));
    bytes.truncate(4096 * blocks);
    fs::write(path, bytes).expect("written");
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .expect("opened");
    let params = Params {
        salt: vec![7; 32],
        uuid: Default::default(),
    };
    let tree = append(&mut file, params).expect("a tree");
    tree.root_hash().to_string()
}

fn filling(seed: &str, length: usize) -> Vec<u8> {
    let mut next = Digest::of(seed);
    let mut bytes = Vec::new();
    while bytes.len() < length {
        bytes.extend(next.0);
        next = Digest::of(next.0);
    }
    bytes
}
