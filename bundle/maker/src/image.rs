//! One image into the layout: its index, the manifests of the wanted platforms, their configurations and layers.

use crate::archive::Archive;
use crate::document::{Document, hex, no_image};
use crate::error::MakeError;
use crate::layout::Layout;
use crate::names::Platform;
use crate::registry::Registry;
use bundle::Pieces;
use oci_spec::image::{Arch, Descriptor, ImageIndex, ImageManifest, MediaType, Os};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::Read;

/// Where an image comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin<'a> {
    /// Its registry.
    Registry(&'a Registry),
    /// An archive on this workstation.
    Archive(&'a Archive),
}

/// Brings an image into the layout.
///
/// # Errors
/// It cannot be had, is no image, or is not there for a wanted platform.
pub(crate) async fn bring(
    origin: Origin<'_>,
    name: &str,
    wanted: &BTreeSet<Platform>,
    layout: &mut Layout,
) -> Result<(), MakeError> {
    let top = origin.top(name).await?;
    layout.add(&top.digest, &top.bytes)?;
    let kind = Kind::of(name, &top)?;
    let media_type = kind.media_type();
    match kind {
        Kind::Index(index) => {
            for chosen in choose(name, &index, wanted)? {
                let child = origin.manifest(name, &hex(name, &chosen)?).await?;
                layout.add(&child.digest, &child.bytes)?;
                let Kind::Manifest(manifest) = Kind::of(name, &child)? else {
                    return Err(no_image(name, "its index leads to another index"));
                };
                blobs(origin, name, &manifest, layout).await?;
            }
        }
        Kind::Manifest(manifest) => {
            blobs(origin, name, &manifest, layout).await?;
            let config = layout.path(&hex(name, manifest.config())?);
            check_platform(name, &config, wanted)?;
        }
    }
    let digest = format!("sha256:{}", top.digest);
    let digest = digest
        .parse::<oci_spec::image::Digest>()
        .map_err(|error| no_image(name, error))?;
    let descriptor = Descriptor::new(media_type, top.bytes.len() as u64, digest);
    layout.add_image(name, descriptor);
    Ok(())
}

/// What a document is.
enum Kind {
    Index(Box<ImageIndex>),
    Manifest(Box<ImageManifest>),
}

impl Kind {
    fn of(name: &str, document: &Document) -> Result<Kind, MakeError> {
        if let Ok(manifest) = ImageManifest::from_reader(document.bytes.as_slice()) {
            return Ok(Kind::Manifest(Box::new(manifest)));
        }
        let index = ImageIndex::from_reader(document.bytes.as_slice());
        index
            .map(|index| Kind::Index(Box::new(index)))
            .map_err(|error| no_image(name, format!("neither an index nor a manifest ({error})")))
    }

    fn media_type(&self) -> MediaType {
        match self {
            Kind::Index(index) => index.media_type().clone().unwrap_or(MediaType::ImageIndex),
            Kind::Manifest(is) => is.media_type().clone().unwrap_or(MediaType::ImageManifest),
        }
    }
}

/// The manifests of an index for the wanted platforms.
fn choose(
    name: &str,
    index: &ImageIndex,
    wanted: &BTreeSet<Platform>,
) -> Result<Vec<Descriptor>, MakeError> {
    let platform = |descriptor: &Descriptor| {
        let platform = descriptor.platform().as_ref()?;
        // Attestations say "unknown".
        (*platform.os() == Os::Linux).then(|| platform.architecture().clone())
    };
    let chosen = |wanted: &Platform| {
        let is = |descriptor: &&Descriptor| {
            platform(descriptor).is_some_and(|arch| is_of(&arch, *wanted))
        };
        index.manifests().iter().find(is).cloned().ok_or_else(|| {
            let there = index.manifests().iter().filter_map(platform);
            let there: Vec<String> = there.map(|arch| format!("linux/{arch}")).collect();
            not_made_for(name, *wanted, &there.join(", "))
        })
    };
    wanted.iter().map(chosen).collect()
}

fn is_of(arch: &Arch, wanted: Platform) -> bool {
    match wanted {
        Platform::Amd64 => *arch == Arch::Amd64,
        Platform::Arm64 => *arch == Arch::ARM64,
    }
}

/// An image without an index is for one platform, which only its configuration says.
fn check_platform(
    name: &str,
    config: &std::path::Path,
    wanted: &BTreeSet<Platform>,
) -> Result<(), MakeError> {
    #[derive(Deserialize)]
    struct Config {
        architecture: String,
    }
    let mut text = Vec::new();
    Pieces::open(config)
        .and_then(|mut file| file.read_to_end(&mut text))
        .map_err(MakeError::read(config))?;
    let config: Config = serde_json::from_slice(&text)
        .map_err(|error| no_image(name, format!("its configuration: {error}")))?;
    match wanted
        .iter()
        .find(|is| is.architecture() != config.architecture)
    {
        None => Ok(()),
        Some(missing) => {
            let there = format!("linux/{} only", config.architecture);
            Err(not_made_for(name, *missing, &there))
        }
    }
}

async fn blobs(
    origin: Origin<'_>,
    name: &str,
    manifest: &ImageManifest,
    layout: &mut Layout,
) -> Result<(), MakeError> {
    for blob in std::iter::once(manifest.config()).chain(manifest.layers()) {
        let (digest, size) = (hex(name, blob)?, blob.size());
        if !layout.has(&digest, size) {
            origin.blob(name, blob, layout).await?;
            layout.added(&digest, size);
        }
    }
    Ok(())
}

fn not_made_for(name: &str, wanted: Platform, there: &str) -> MakeError {
    MakeError::Platform {
        image: name.to_owned(),
        wanted: wanted.to_string(),
        there: match there {
            "" => "no platform of Linux".to_owned(),
            there => there.to_owned(),
        },
    }
}

impl Origin<'_> {
    async fn top(&self, name: &str) -> Result<Document, MakeError> {
        match self {
            Origin::Registry(registry) => registry.document(name, None).await,
            Origin::Archive(archive) => archive.top(name),
        }
    }

    async fn manifest(&self, name: &str, digest: &str) -> Result<Document, MakeError> {
        match self {
            Origin::Registry(registry) => registry.document(name, Some(digest)).await,
            Origin::Archive(archive) => archive.document(name, digest),
        }
    }

    async fn blob(&self, name: &str, blob: &Descriptor, layout: &Layout) -> Result<(), MakeError> {
        match self {
            Origin::Registry(registry) => registry.blob(name, blob, layout).await,
            Origin::Archive(archive) => archive.blob(name, blob, layout),
        }
    }
}
