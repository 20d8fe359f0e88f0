//! The root partition: erofs, then its verity tree.

use crate::cache::Cache;
use crate::digest::{self, Key};
use crate::error::{Error, Result};
use crate::tools::Tools;
use crate::tree::{Tree, write_tar};
use boards::Arch;
use disk::gpt::derive_guid;
use disk::layout::WantedRoot;
use disk::verity::{Params, append};
use serde::{Deserialize, Serialize};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// How the data is packed; measured, see docs/building.md. Clusters of zstd larger than 128 KiB send mkfs.erofs 1.8 round in
/// circles. Boards of ARM64 have 1 GB of memory and a card: programs are thrown out of memory there, and a page that is needed again
/// costs a whole cluster, to read, to verify and to unpack.
#[must_use]
pub const fn compression(arch: Arch) -> [&'static str; 3] {
    let clusters = match arch {
        Arch::X86_64 => "-C131072",
        Arch::Arm64 => "-C16384",
    };
    ["-zzstd,level=9", clusters, "-Eztailpacking"]
}
const REVISION: u32 = 3;

/// A finished root partition's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RootImage {
    #[serde(skip)]
    pub(crate) path: PathBuf,
    /// Verity root hash, hexadecimal.
    pub(crate) hash: String,
    /// Bytes of erofs, before the verity superblock.
    pub(crate) data_size: u64,
    /// Bytes in all.
    pub(crate) size: u64,
}

impl RootImage {
    /// What a kernel's command line says about it.
    pub(crate) fn root(&self) -> Result<WantedRoot> {
        let hash = self.hash.parse();
        Ok(WantedRoot {
            hash: hash.map_err(Error::format("the root image's note"))?,
            size: self.data_size,
        })
    }
}

/// Makes the image of a tree, once.
pub(crate) fn make(
    tree: &Tree,
    arch: Arch,
    time: u64,
    tools: &Tools,
    cache: &Cache,
) -> Result<RootImage> {
    let options = compression(arch);
    let key = Key::new("root", REVISION)
        .with("tools", &tools.identity)
        .with("time", time.to_string());
    let key = tree
        .key(
            options
                .iter()
                .fold(key, |key, option| key.with("option", option)),
        )
        .finish();
    let folder = cache.get("root", &key, |folder| {
        let path = folder.join("root.img");
        erofs(tree, options, time, tools, &key, &path)?;
        let image = verity(&path, &key)?;
        let note = serde_json::to_vec(&image).map_err(Error::format("the root image's note"))?;
        crate::file::write(&folder.join("root.json"), &note)
    })?;
    let note = folder.join("root.json");
    let image: RootImage =
        serde_json::from_slice(&crate::file::read(&note)?).map_err(Error::parse(&note))?;
    Ok(RootImage {
        path: folder.join("root.img"),
        ..image
    })
}

fn erofs(
    tree: &Tree,
    options: [&str; 3],
    time: u64,
    tools: &Tools,
    key: &str,
    path: &Path,
) -> Result<()> {
    let uuid = derive_guid(key.as_bytes(), "erofs").to_string();
    tools
        .program("usr/bin/mkfs.erofs", "mkfs.erofs")
        .args([
            "--quiet",
            "--tar=f",
            "-T",
            &time.to_string(),
            "-U",
            &uuid,
            "-L",
            "holdfast-root",
        ])
        .args(options)
        .arg(path)
        .feed(|pipe| {
            let mut pipe = BufWriter::with_capacity(1 << 20, pipe);
            write_tar(tree, time, &mut pipe)?;
            pipe.flush()
        })
}

fn verity(path: &Path, key: &str) -> Result<RootImage> {
    let mut file = std::fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(Error::read(path))?;
    let length = file.metadata().map_err(Error::read(path))?.len();
    let data_size = length.next_multiple_of(4096);
    file.set_len(data_size).map_err(Error::write(path))?;
    // The same for all images: blocks that two releases share have the same digests in both trees, which a delta then need not bring.
    let salt = digest::of_bytes(b"holdfast root image").into_bytes();
    let params = Params {
        salt: salt[..32].to_vec(),
        uuid: derive_guid(key.as_bytes(), "verity"),
    };
    let tree = append(&mut file, params).map_err(Error::format("the verity tree"))?;
    file.sync_all().map_err(Error::write(path))?;
    let size = file.metadata().map_err(Error::read(path))?.len();
    Ok(RootImage {
        path: path.to_owned(),
        hash: tree.root_hash().to_string(),
        data_size,
        size,
    })
}
