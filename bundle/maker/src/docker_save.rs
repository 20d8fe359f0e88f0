//! What `docker save` wrote before it wrote an image layout, as an image layout.
//!
//! Source: moby, `image/spec/spec.md`: `manifest.json` lists for each image its configuration, its names and its layers in order.

use crate::below::below;
use crate::packed::unpacked;
use oci_spec::image::{Descriptor, Digest, ImageIndexBuilder, ImageManifestBuilder, MediaType};
use serde::Deserialize;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// What a configuration says of the layers: their digests, unpacked, in order.
#[derive(Deserialize)]
struct Config {
    rootfs: Option<RootFs>,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

/// Makes an image layout of an unpacked archive, in place.
///
/// # Errors
/// Why it is none, for a person.
pub(crate) fn to_layout(folder: &Path) -> Result<(), String> {
    let list = fs::read(folder.join("manifest.json")).map_err(|_| {
        "it has neither index.json nor manifest.json: it was cut off, or holds no images".to_owned()
    })?;
    let list: Vec<Saved> =
        serde_json::from_slice(&list).map_err(|error| format!("its manifest.json: {error}"))?;
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(|error| error.to_string())?;
    let mut images = Vec::new();
    for saved in &list {
        let manifest = manifest(folder, saved)?;
        let digest = host::digest::of_bytes(&manifest);
        fs::write(blobs.join(&digest), &manifest).map_err(|error| error.to_string())?;
        for name in saved.repo_tags.iter().flatten() {
            let mut descriptor = descriptor(MediaType::ImageManifest, manifest.len(), &digest)?;
            let names = HashMap::from([("io.containerd.image.name".to_owned(), name.clone())]);
            descriptor.set_annotations(Some(names));
            images.push(descriptor);
        }
    }
    let index = ImageIndexBuilder::default()
        .schema_version(2u32)
        .manifests(images)
        .build()
        .and_then(|index| index.to_string())
        .map_err(|error| error.to_string())?;
    fs::write(folder.join("index.json"), index).map_err(|error| error.to_string())
}

fn manifest(folder: &Path, saved: &Saved) -> Result<Vec<u8>, String> {
    let config = blob(folder, &saved.config, |_| MediaType::ImageConfig)?;
    let layers = saved.layers.iter().map(|layer| {
        blob(folder, layer, |head| {
            match head.starts_with(&[0x1f, 0x8b]) {
                true => MediaType::ImageLayerGzip,
                false => MediaType::ImageLayer,
            }
        })
    });
    let layers = layers.collect::<Result<Vec<_>, _>>()?;
    check(folder, saved, &layers)?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageManifest)
        .config(config)
        .layers(layers)
        .build()
        .and_then(|manifest| manifest.to_string())
        .map_err(|error| error.to_string())?;
    Ok(manifest.into_bytes())
}

/// Compares the layers with what the configuration says of them: the archive has no other digest that vouches for them, and a node
/// would find out only when it starts the image.
fn check(folder: &Path, saved: &Saved, layers: &[Descriptor]) -> Result<(), String> {
    let damaged = |what: &str, why: String| format!("it is damaged: {what}: {why}");
    let path = folder.join(&saved.config);
    let text = fs::read(path).map_err(|error| damaged(&saved.config, error.to_string()))?;
    let config: Config =
        serde_json::from_slice(&text).map_err(|error| damaged(&saved.config, error.to_string()))?;
    let Some(rootfs) = config.rootfs else {
        return Ok(());
    };
    if rootfs.diff_ids.len() != layers.len() {
        let (is, says) = (layers.len(), rootfs.diff_ids.len());
        return Err(damaged(
            &saved.config,
            format!("{says} layers, and there are {is}"),
        ));
    }
    for ((name, layer), wanted) in saved.layers.iter().zip(layers).zip(&rootfs.diff_ids) {
        // A layer that is not packed was read once already.
        let is_right = layer.digest().to_string() == *wanted || {
            let content =
                unpacked(&folder.join(name)).map_err(|error| damaged(name, error.to_string()));
            let found = host::digest::of_stream(&mut content?);
            let found = found.map_err(|error| damaged(name, error.to_string()))?;
            wanted.strip_prefix("sha256:") == Some(found.as_str())
        };
        if !is_right {
            let why = format!("it is not what {} says", saved.config);
            return Err(damaged(name, why));
        }
    }
    Ok(())
}

/// Puts a file under its digest.
fn blob(
    folder: &Path,
    name: &str,
    media_type: impl FnOnce(&[u8]) -> MediaType,
) -> Result<Descriptor, String> {
    let lacks = |why: String| format!("{name}, which its manifest.json names: {why}");
    let path = below(folder, Path::new(name)).ok_or_else(|| lacks("it leads elsewhere".into()))?;
    let digest = host::digest::of_file(&path).map_err(|error| lacks(error.to_string()))?;
    let size = fs::metadata(&path)
        .map_err(|error| lacks(error.to_string()))?
        .len();
    let mut head = [0; 2];
    let file = fs::File::open(&path).map_err(|error| lacks(error.to_string()))?;
    let count =
        std::io::Read::read(&mut &file, &mut head).map_err(|error| lacks(error.to_string()))?;
    let to = folder.join("blobs/sha256").join(&digest);
    // Images share layers: it stays where it is.
    if !to.exists() {
        fs::hard_link(&path, &to).map_err(|error| lacks(error.to_string()))?;
    }
    descriptor(
        media_type(&head[..count]),
        usize::try_from(size).unwrap_or(usize::MAX),
        &digest,
    )
}

fn descriptor(media_type: MediaType, size: usize, digest: &str) -> Result<Descriptor, String> {
    let digest: Digest = format!("sha256:{digest}")
        .parse()
        .map_err(|error: oci_spec::OciSpecError| error.to_string())?;
    Ok(Descriptor::new(media_type, size as u64, digest))
}
