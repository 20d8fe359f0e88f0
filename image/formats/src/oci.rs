//! Container image archives: an OCI image layout in a tar, as `ctr images import` and
//! `docker load` take it.
//!
//! One layer, uncompressed, since it travels inside an image that is compressed anyway. Owners,
//! time stamps and order are fixed, so the same input gives the same bytes and the same digest.

use std::io::{self, Write};

// Keys stand in alphabetical order below: then the bytes are the same whether or not another crate
// of the build turns on serde_json's `preserve_order`.
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Time stamp of every entry: 2020-01-01.
const MTIME: u64 = 1_577_836_800;
const CREATED: &str = "2020-01-01T00:00:00Z";

/// A container image to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Full name with tag, such as `holdfast.local/system:0.1.0`.
    pub name: String,
    /// Architecture in Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// Files, in the order given.
    pub entries: Vec<Entry>,
    /// What runs when the pod names no command.
    pub entrypoint: Vec<String>,
    /// Environment, `NAME=value`.
    pub env: Vec<String>,
}

/// One file of an image. Owner is root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path without a leading slash.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// What it is.
    pub content: Content,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A directory.
    Directory,
    /// A file.
    File(Vec<u8>),
    /// A symbolic link and where it leads.
    Symlink(String),
}

/// Why an image could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name without a tag.
    #[error("image name `{0}` has no tag; write it as registry/name:tag")]
    Name(String),
    /// An entry could not be put into its archive.
    #[error("cannot put `{path}` into the image")]
    Entry {
        /// The entry at hand.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The archive could not be ended.
    #[error("cannot finish the image")]
    Finish(#[source] io::Error),
}

impl Image {
    /// Writes the archive and returns the digest of the image's manifest, `sha256:…`.
    ///
    /// # Errors
    /// For a name without a tag, or when `out` refuses.
    pub fn write<W: Write>(&self, out: W) -> Result<String, Error> {
        let tag = self
            .name
            .rsplit_once(':')
            .filter(|(name, tag)| !name.is_empty() && !tag.is_empty() && !tag.contains('/'))
            .map(|(_, tag)| tag)
            .ok_or_else(|| Error::Name(self.name.clone()))?;
        let layer = self.layer()?;
        let config = self.config(&digest(&layer)).to_string().into_bytes();
        let manifest = manifest(&config, &layer).to_string().into_bytes();
        let index = self.index(&manifest, tag).to_string().into_bytes();
        // What `docker load` goes by.
        let docker = json!([{
            "Config": blob_path(&config),
            "Layers": [blob_path(&layer)],
            "RepoTags": [self.name],
        }]);
        let mut archive = tar::Builder::new(out);
        directory(&mut archive, "blobs", 0o755)?;
        directory(&mut archive, "blobs/sha256", 0o755)?;
        for blob in [&layer, &config, &manifest] {
            file(&mut archive, &blob_path(blob), 0o644, blob)?;
        }
        file(&mut archive, "index.json", 0o644, &index)?;
        file(
            &mut archive,
            "manifest.json",
            0o644,
            docker.to_string().as_bytes(),
        )?;
        file(
            &mut archive,
            "oci-layout",
            0o644,
            br#"{"imageLayoutVersion":"1.0.0"}"#,
        )?;
        let mut out = archive.into_inner().map_err(Error::Finish)?;
        out.flush().map_err(Error::Finish)?;
        Ok(digest(&manifest))
    }

    fn layer(&self) -> Result<Vec<u8>, Error> {
        let mut layer = tar::Builder::new(Vec::new());
        for entry in &self.entries {
            match &entry.content {
                Content::Directory => directory(&mut layer, &entry.path, entry.mode)?,
                Content::File(bytes) => file(&mut layer, &entry.path, entry.mode, bytes)?,
                Content::Symlink(target) => {
                    let mut header = header(tar::EntryType::Symlink, 0o777, 0);
                    layer
                        .append_link(&mut header, &entry.path, target)
                        .map_err(|source| Error::Entry {
                            path: entry.path.clone(),
                            source,
                        })?;
                }
            }
        }
        layer.into_inner().map_err(Error::Finish)
    }

    fn config(&self, layer: &str) -> Value {
        json!({
            "architecture": self.architecture,
            "config": { "Entrypoint": self.entrypoint, "Env": self.env },
            "created": CREATED,
            "os": "linux",
            "rootfs": { "diff_ids": [layer], "type": "layers" },
        })
    }

    fn index(&self, manifest: &[u8], tag: &str) -> Value {
        let entry = json!({
            "annotations": {
                "io.containerd.image.name": self.name,
                "org.opencontainers.image.ref.name": tag,
            },
            "digest": digest(manifest),
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "platform": { "architecture": self.architecture, "os": "linux" },
            "size": manifest.len(),
        });
        json!({
            "manifests": [entry],
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "schemaVersion": 2,
        })
    }
}

fn manifest(config: &[u8], layer: &[u8]) -> Value {
    json!({
        "config": descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "schemaVersion": 2,
    })
}

fn descriptor(media_type: &str, blob: &[u8]) -> Value {
    json!({ "digest": digest(blob), "mediaType": media_type, "size": blob.len() })
}

fn hex(blob: &[u8]) -> String {
    Sha256::digest(blob)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn digest(blob: &[u8]) -> String {
    format!("sha256:{}", hex(blob))
}

fn blob_path(blob: &[u8]) -> String {
    format!("blobs/sha256/{}", hex(blob))
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(MTIME);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn file<W: Write>(
    to: &mut tar::Builder<W>,
    path: &str,
    mode: u32,
    bytes: &[u8],
) -> Result<(), Error> {
    let mut header = header(tar::EntryType::Regular, mode, bytes.len() as u64);
    to.append_data(&mut header, path, bytes)
        .map_err(|source| Error::Entry {
            path: path.to_owned(),
            source,
        })
}

fn directory<W: Write>(to: &mut tar::Builder<W>, path: &str, mode: u32) -> Result<(), Error> {
    let mut header = header(tar::EntryType::Directory, mode, 0);
    to.append_data(&mut header, format!("{path}/"), io::empty())
        .map_err(|source| Error::Entry {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests;
