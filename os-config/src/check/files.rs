//! Files, manifests, images.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Checker;
use super::checker::repeated;
use crate::config::{Image, Manifest, WriteFile};
use crate::raw::{RawImage, RawManifest, RawWriteFile, Text};
use crate::values::{Bytes, FileMode, HttpUrl, Invalid, ManifestName, Owner, Sha256};

/// A file unpacked from a configuration may be this large: a config of 1 MiB can claim a thousand times more.
const LARGEST_FILE: u64 = 16 << 20;

pub(super) fn write_files(c: &mut Checker, raw: &[RawWriteFile]) -> Vec<WriteFile> {
    c.list("write_files", raw, write_file)
}

fn write_file(c: &mut Checker, raw: &RawWriteFile) -> Option<WriteFile> {
    if raw.path.is_none() {
        c.missing("path", "write where the file goes, such as path: /etc/motd");
    }
    let path = c.value("path", &raw.path);
    let encoding = raw.encoding.as_deref().unwrap_or("");
    let content = raw
        .content
        .as_ref()
        .map_or("", |content| content.0.as_str());
    let content = c.at("content", |c| c.parsed(decode(encoding, content)));
    let owner = match &raw.owner {
        Some(_) => c.value("owner", &raw.owner),
        None => Some(Owner::default()),
    };
    let permissions = match &raw.permissions {
        Some(_) => c.value("permissions", &raw.permissions),
        None => Some(FileMode::default()),
    };
    Some(WriteFile {
        path: path?,
        content: content?,
        owner: owner?,
        permissions: permissions?,
    })
}

/// What a file's content says, decoded: `encoding` is the key of that name in `write_files`.
///
/// # Errors
/// [`Invalid`] when it is not encoded so, or too large unpacked.
pub fn decode(encoding: &str, content: &str) -> Result<Bytes, Invalid> {
    match encoding {
        "" => Ok(Bytes::from(content.as_bytes().to_vec())),
        "b64" | "base64" => from_base64(content).map(Bytes::from),
        _ => unpack(&from_base64(content)?).map(Bytes::from),
    }
}

fn from_base64(content: &str) -> Result<Vec<u8>, Invalid> {
    let packed: String = content.split_whitespace().collect();
    STANDARD.decode(packed).map_err(|error| {
        Invalid::new(
            format!("the content is not base64: {}", base64_words(&error)),
            "make it with `base64 -w0 FILE`, or leave `encoding` out for plain text",
        )
    })
}

fn base64_words(error: &base64::DecodeError) -> String {
    match error {
        base64::DecodeError::InvalidByte(at, byte) => {
            format!("{:?} at character {}", char::from(*byte), at + 1)
        }
        base64::DecodeError::InvalidLength(_) => "it is cut short".to_owned(),
        other => other.to_string(),
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, Invalid> {
    let mut bytes = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(packed)
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes);
    if let Err(error) = read {
        return Err(Invalid::new(
            format!("the content is not gzip: {error}"),
            "make it with `gzip -c FILE | base64 -w0`",
        ));
    }
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(Invalid::new(
            format!(
                "the content is larger than {} MiB unpacked",
                LARGEST_FILE >> 20
            ),
            "put large files on the disk or into an image, not into config.yaml",
        ));
    }
    Ok(bytes)
}

pub(super) fn manifests(c: &mut Checker, raw: &[RawManifest]) -> Vec<Manifest> {
    let manifests = c.list("manifests", raw, manifest);
    let stem = |manifest: &Manifest| stem(manifest.name()).to_owned();
    if let (Some(at), true) = (repeated(&manifests, stem), manifests.len() == raw.len()) {
        let double = stem(&manifests[at]);
        let first = manifests.iter().find(|manifest| stem(manifest) == double);
        let name = first.map_or(double, |first| first.name().to_string());
        c.at("manifests", |c| {
            c.at(at, |c| {
                c.wrong(
                    format!("another manifest is named \"{name}\" already"),
                    "give each its own name; .yaml or .yml at the end makes no difference",
                );
            });
        });
    }
    manifests
}

/// What the file on the node is named after.
fn stem(name: &ManifestName) -> &str {
    let name = name.as_str();
    let without = |ending| name.strip_suffix(ending);
    without(".yaml").or_else(|| without(".yml")).unwrap_or(name)
}

fn manifest(c: &mut Checker, raw: &RawManifest) -> Option<Manifest> {
    let name = c.value("name", &raw.name);
    match (&raw.content, &raw.url) {
        (Some(_), None) => {
            no_digest(c, &raw.sha256);
            if raw.name.is_none() {
                c.missing(
                    "name",
                    "give the manifest a name, such as name: my-app.yaml",
                );
            }
            let content = c.value("content", &raw.content);
            Some(Manifest::Inline {
                name: name?,
                content: content?,
            })
        }
        (None, Some(_)) => {
            let (url, sha256) = fetched(c, &raw.url, &raw.sha256)?;
            let name = match &raw.name {
                Some(_) => name?,
                None => name_from(c, &url)?,
            };
            Some(Manifest::Url { name, url, sha256 })
        }
        _ => {
            c.wrong(
                "a manifest has either `content` or `url`",
                "write one of the two",
            );
            None
        }
    }
}

/// An address and the digest of what it gives. Without one, nobody on the way may be able to change it: a manifest is
/// applied with every right, and so is what an image runs with it.
fn fetched(
    c: &mut Checker,
    url: &Option<Text<HttpUrl>>,
    sha256: &Option<Text<Sha256>>,
) -> Option<(HttpUrl, Option<Sha256>)> {
    let digest = c.value("sha256", sha256);
    let address = c.value("url", url)?;
    if sha256.is_none() && !address.is_protected() {
        c.at("url", |c| {
            c.wrong(
                "a plain http address needs sha256 beside it",
                "write https://…, or `sha256:` with what `sha256sum FILE` prints: on the way, anyone could put in something else",
            );
        });
    }
    Some((address, digest))
}

/// What stands on the node or in the file itself has no digest.
fn no_digest(c: &mut Checker, sha256: &Option<Text<Sha256>>) {
    if sha256.is_some() {
        c.at("sha256", |c| {
            c.refuse("`sha256` belongs to a `url`", "remove it")
        });
    }
}

fn name_from(c: &mut Checker, url: &HttpUrl) -> Option<ManifestName> {
    let path = url.as_str().split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let parsed = ManifestName::parse(last);
    if parsed.is_err() {
        c.missing(
            "name",
            "the address does not end in a file name: give one, such as name: my-app.yaml",
        );
    }
    parsed.ok()
}

pub(super) fn images(c: &mut Checker, raw: &[RawImage]) -> Vec<Image> {
    c.list("images", raw, |c, raw| match (&raw.path, &raw.url) {
        (Some(_), None) => {
            no_digest(c, &raw.sha256);
            c.value("path", &raw.path).map(Image::Path)
        }
        (None, Some(_)) => {
            fetched(c, &raw.url, &raw.sha256).map(|(url, sha256)| Image::Url { url, sha256 })
        }
        _ => {
            c.wrong(
                "an image has either `path` or `url`",
                "write one of the two",
            );
            None
        }
    })
}
