//! A vendor with keys, builds and a repository, and a node that trusts him.

use disk::verity::{Params, append};
use futures_util::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use release::keys::{Init, init};
use release::publish::{Lifetimes, Publication, Published, Role, Rotation, publish};
use release::{
    Arch, Client, Digest, Effort, File, RawFile, RawManifest, Repository, Severity, Source, Trust,
    Version, target_name,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The moment in which every test begins.
pub(crate) fn noon() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

pub(crate) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// A node's limits but for the pauses, for what comes to a good end however busy the machine is.
pub(crate) fn patient() -> Client {
    Client::with(Effort {
        first_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(10),
        ..Effort::default()
    })
}

/// Limits that a test can wait for.
pub(crate) fn hasty() -> Client {
    Client::with(Effort {
        tries: 3,
        first_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(10),
        connection: Duration::from_secs(5),
        stall: Duration::from_millis(300),
        window: Duration::from_millis(500),
        least: 20_000,
    })
}

pub(crate) struct Shop {
    pub(crate) folder: TempDir,
    pub(crate) lifetimes: Lifetimes,
}

impl Shop {
    /// Keys, and nothing published.
    pub(crate) fn new() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let asked = Init {
            folder: folder.path().join("keys"),
            root_keys: 2,
            threshold: 1,
            expires: noon() + days(3650),
        };
        init(&asked).unwrap();
        Shop {
            folder,
            lifetimes: Lifetimes::default(),
        }
    }

    /// With release 0.1.0 in the channel stable.
    pub(crate) async fn open() -> Shop {
        let shop = Shop::new();
        shop.publish("0.1.0").await;
        shop
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    pub(crate) fn metadata(&self, name: &str) -> PathBuf {
        self.repo().join("metadata").join(name)
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.path("keys")
    }

    /// What is asked for to exchange a role's keys.
    pub(crate) fn rotation(&self, role: Role) -> Rotation {
        Rotation {
            repo: self.repo(),
            keys: self.keys(),
            role,
            root_expires: noon() + days(3650),
            lifetimes: self.lifetimes,
        }
    }

    pub(crate) fn source(&self) -> Source {
        Source::Folder(self.repo())
    }

    /// What a node with the first root trusts.
    pub(crate) fn trust(&self) -> Trust {
        let root = fs::read(self.path("keys/1.root.json")).unwrap();
        Trust::kept(self.path("trust"), root)
    }

    /// As a build leaves it.
    pub(crate) fn build(&self, version: &str, arch: &str) -> Publication {
        self.build_with(version, arch, version)
    }

    /// As [`Shop::build`], with the root image of another version.
    pub(crate) fn build_with(&self, version: &str, arch: &str, image: &str) -> Publication {
        let folder = self.path(&format!("build-{version}-{arch}"));
        fs::create_dir_all(&folder).unwrap();
        let (uki, root, manifest) = (folder.join("efi"), folder.join("root"), folder.join("json"));
        let (hash, data_size) = root_image(&root, image);
        let text =
            format!("{version} holdfast.roothash={hash} holdfast.rootsize={data_size} quiet");
        fs::write(&uki, text).unwrap();
        let raw = RawManifest {
            format: RawManifest::FORMAT,
            version: version.to_owned(),
            arch: arch.to_owned(),
            root_hash: hash,
            data_size,
            kubernetes: "1.36.3".to_owned(),
            build_time: 1_780_000_000,
            min_version: None,
            files: [("uki.efi", &uki), ("root.img", &root)].map(facts).into(),
        };
        fs::write(&manifest, raw.encode()).unwrap();
        Publication {
            repo: self.repo(),
            keys: self.keys(),
            uki,
            boot_image: None,
            root,
            manifest,
            sbom: None,
            channel: "stable".to_owned(),
            rollout: 100,
            not_before: None,
            severity: Some(Severity::Security),
            changelog: Some(format!("This is {version}.")),
            min_version: None,
            downgrade: false,
            deltas: 0,
            lifetimes: self.lifetimes,
        }
    }

    pub(crate) async fn publish(&self, version: &str) -> Published {
        publish(&self.build(version, "amd64"), noon())
            .await
            .unwrap()
    }
}

fn facts((name, path): (&str, &PathBuf)) -> (String, RawFile) {
    let content = fs::read(path).unwrap();
    let file = RawFile {
        size: content.len() as u64,
        sha256: Digest::of(content).to_string(),
    };
    (name.to_owned(), file)
}

/// About 400 kilobytes that no two versions share, with its verity tree; gives root hash and data size.
fn root_image(path: &Path, version: &str) -> (String, u64) {
    let blocks = 100_u64;
    let mut next = Digest::of(version);
    let mut image = Vec::new();
    while image.len() < blocks as usize * 4096 {
        image.extend(next.0);
        next = Digest::of(next.0);
    }
    fs::write(path, &image).unwrap();
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let params = Params {
        salt: vec![7; 32],
        uuid: uuid::Uuid::nil(),
    };
    let tree = append(&mut file, params).unwrap();
    (tree.root_hash().to_string(), blocks * 4096)
}

/// What an agent does with a release: all of it, each block checked.
pub(crate) async fn take(
    repository: &Repository,
    release: &str,
) -> Result<Vec<u8>, release::Error> {
    let (version, arch) = (version(release), Arch::Amd64);
    repository.manifest(&version, arch).await?;
    let index = repository.index(&version, arch).await?;
    repository
        .check(&target_name(&version, arch, File::Uki))
        .await?;
    let name = target_name(&version, arch, File::Root);
    let mut image = Vec::new();
    let mut pieces = repository.stream(&name, 0..index.length()).await?;
    while let Some(piece) = pieces.try_next().await? {
        image.extend_from_slice(&piece);
    }
    for block in 0..index.digests().len() {
        let range = index.range(block).unwrap();
        let bytes = &image[range.start as usize..range.end as usize];
        if !index.is_block(block, bytes) {
            return Err(release::Error::WrongBytes {
                what: format!("{name}, block {block}"),
            });
        }
    }
    Ok(image)
}

/// An error with its causes, as a person sees it.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
