//! Small images, and archives of them.

use oci_spec::image::{
    Descriptor, ImageIndexBuilder, ImageManifestBuilder, MediaType, PlatformBuilder,
};
use serde_json::json;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// An image for one platform.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) architecture: String,
    pub(crate) config: Vec<u8>,
    pub(crate) layers: Vec<Vec<u8>>,
}

impl Picture {
    /// With a layer for each word, which holds a file of that name.
    pub(crate) fn new(architecture: &str, layers: &[&str]) -> Picture {
        let layers: Vec<Vec<u8>> = layers.iter().map(|word| layer(word)).collect();
        let ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
        let config = json!({"architecture": architecture, "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": ids}, "config": {}});
        Picture {
            architecture: architecture.to_owned(),
            config: config.to_string().into_bytes(),
            layers,
        }
    }

    pub(crate) fn manifest(&self) -> Vec<u8> {
        let layers = self.layers.iter();
        let layers = layers.map(|layer| descriptor(MediaType::ImageLayer, layer));
        let manifest = ImageManifestBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageManifest)
            .config(descriptor(MediaType::ImageConfig, &self.config))
            .layers(layers.collect::<Vec<_>>())
            .build()
            .unwrap();
        manifest.to_string().unwrap().into_bytes()
    }
}

/// An index of several.
pub(crate) fn index(pictures: &[&Picture]) -> Vec<u8> {
    let manifests = pictures.iter().map(|picture| {
        let mut it = descriptor(MediaType::ImageManifest, &picture.manifest());
        let platform = PlatformBuilder::default()
            .os("linux")
            .architecture(picture.architecture.as_str())
            .build();
        it.set_platform(Some(platform.unwrap()));
        it
    });
    let index = ImageIndexBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests.collect::<Vec<_>>())
        .build()
        .unwrap();
    index.to_string().unwrap().into_bytes()
}

/// As `skopeo copy … oci-archive:` writes it.
pub(crate) fn oci_archive(picture: &Picture, name: &str, to: &Path) {
    let manifest = picture.manifest();
    let mut named = descriptor(MediaType::ImageManifest, &manifest);
    let names = HashMap::from([(
        "org.opencontainers.image.ref.name".to_owned(),
        name.to_owned(),
    )]);
    named.set_annotations(Some(names));
    let index = ImageIndexBuilder::default()
        .schema_version(2u32)
        .manifests(vec![named])
        .build()
        .unwrap();
    let mut archive = tar::Builder::new(File::create(to).unwrap());
    add(
        &mut archive,
        "oci-layout",
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    );
    add(
        &mut archive,
        "index.json",
        index.to_string().unwrap().as_bytes(),
    );
    for blob in picture.layers.iter().chain([&picture.config, &manifest]) {
        let name = digest(blob).replace("sha256:", "blobs/sha256/");
        add(&mut archive, &name, blob);
    }
    archive.finish().unwrap();
}

/// As `docker save` wrote it until version 24, packed.
pub(crate) fn saved_by_docker(picture: &Picture, name: &str, to: &Path) {
    let packed =
        flate2::write::GzEncoder::new(File::create(to).unwrap(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(packed);
    let folders: Vec<String> = (0..picture.layers.len())
        .map(|n| format!("{n}/layer.tar"))
        .collect();
    for (folder, layer) in folders.iter().zip(&picture.layers) {
        add(&mut archive, folder, layer);
    }
    add(&mut archive, "config.json", &picture.config);
    let list = json!([{"Config": "config.json", "RepoTags": [name], "Layers": folders}]);
    add(&mut archive, "manifest.json", list.to_string().as_bytes());
    archive.into_inner().unwrap().finish().unwrap();
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", host::digest::of_bytes(bytes))
}

fn layer(word: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    add(
        &mut archive,
        &format!("{}.txt", word.replace(' ', "-")),
        word.as_bytes(),
    );
    archive.into_inner().unwrap()
}

fn descriptor(media_type: MediaType, bytes: &[u8]) -> Descriptor {
    let digest: oci_spec::image::Digest = digest(bytes).parse().unwrap();
    Descriptor::new(media_type, bytes.len() as u64, digest)
}

fn add<W: Write>(archive: &mut tar::Builder<W>, name: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, bytes).unwrap();
}
