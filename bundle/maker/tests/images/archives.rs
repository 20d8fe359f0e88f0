//! Archives that were cut off, damaged, or packed otherwise.

use super::pictures::{Picture, digest, oci_archive, saved_by_docker};
use super::{made, order, read};
use bundle::{FOLDER, LISTING};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What a bundle of one archive has, or why there is none. The file is `images.tar`, whatever is in it.
fn bundle(bytes: &[u8]) -> Result<Vec<String>, String> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("images.tar");
    fs::write(&file, bytes).unwrap();
    let stick = folder.path().join("stick");
    let mut order = order(&stick, "");
    order.archives = vec![file];
    match made(&order) {
        Ok(_) => Ok(read(&stick).0),
        Err(error) => {
            assert!(!stick.join(FOLDER).join(LISTING).exists(), "{error}");
            Err(error.to_string())
        }
    }
}

fn gunzipped(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(fs::File::open(path).unwrap());
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

/// An image layout and what `docker save` wrote, as tars that are not packed.
fn both() -> [(&'static str, Vec<u8>); 2] {
    let folder = TempDir::new().unwrap();
    let picture = Picture::new("amd64", &["base", "app"]);
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    oci_archive(&picture, "docker.io/library/app:1", &at("oci"));
    saved_by_docker(&picture, "app:1", &at("saved"));
    [
        ("an image layout", fs::read(at("oci")).unwrap()),
        ("of docker save", gunzipped(&at("saved"))),
    ]
}

fn packed(bytes: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, bytes).unwrap();
    [
        ("plain", bytes.to_owned()),
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd::encode_all(bytes, 1).unwrap()),
    ]
}

#[test]
fn an_archive_that_was_cut_off_is_told_as_that() {
    for (kind, tar) in both() {
        let whole = bundle(&tar).unwrap();
        for (packer, bytes) in packed(&tar) {
            assert_eq!(bundle(&bytes).unwrap(), whole, "{kind}, {packer}");
            // Between two entries, as well as in them.
            let step = (bytes.len() / 12).next_multiple_of(if packer == "plain" { 512 } else { 1 });
            for length in (0..bytes.len()).step_by(step) {
                match bundle(&bytes[..length]) {
                    Err(said) => assert!(
                        said.contains("images.tar") && said.contains("cut off"),
                        "{kind}, {packer}, {length} of {}: {said}",
                        bytes.len()
                    ),
                    // Only what stands behind the last file is gone.
                    Ok(files) => assert_eq!(files, whole, "{kind}, {packer}, {length}"),
                }
            }
        }
    }
}

#[test]
fn a_layer_that_was_changed_is_found_out_whoever_wrote_the_archive() {
    for (kind, mut tar) in both() {
        let word = tar.windows(4).position(|bytes| bytes == b"base").unwrap();
        let content = word + 512;
        assert_eq!(
            &tar[content..content + 4],
            b"base",
            "the content of the layer"
        );
        tar[content] ^= 1;
        let said = bundle(&tar).unwrap_err();
        assert!(said.contains("is damaged"), "{kind}: {said}");
    }
}

/// As Docker wrote images that share layers, before version 25.
#[test]
fn a_layer_that_two_images_share_is_a_link() {
    let (one, two) = (
        Picture::new("amd64", &["base"]),
        Picture::new("amd64", &["base", "app"]),
    );
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes).unwrap();
    };
    add("a/layer.tar", &one.layers[0]);
    add("c/layer.tar", &two.layers[1]);
    add("one.json", &one.config);
    add("two.json", &two.config);
    let list = serde_json::json!([
        {"Config": "one.json", "RepoTags": ["one:1"], "Layers": ["a/layer.tar"]},
        {"Config": "two.json", "RepoTags": ["two:1"], "Layers": ["b/layer.tar", "c/layer.tar"]},
    ]);
    add("manifest.json", list.to_string().as_bytes());
    let mut link = tar::Header::new_ustar();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive
        .append_link(&mut link, "b/layer.tar", "../a/layer.tar")
        .unwrap();
    // One that leads out of the archive is nothing.
    let mut link = tar::Header::new_ustar();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive
        .append_link(&mut link, "d/passwd", "/etc/passwd")
        .unwrap();
    let files = bundle(&archive.into_inner().unwrap()).unwrap();
    for layer in &two.layers {
        let name = digest(layer).replace("sha256:", "blobs/sha256/");
        assert!(files.contains(&name), "{files:?}");
    }
}

#[test]
fn what_is_packed_otherwise_or_no_archive_is_told() {
    for (bytes, want) in [
        (&b"\xfd7zXZ\0\0\x04"[..], "packed with xz"),
        (b"BZh91AY", "packed with bzip2"),
        (b"PK\x03\x04\x14\0", "packed with zip"),
        (b"", "was cut off"),
        (&[b'a'; 2000], "is no tar"),
        (&[0; 4096], "holds no images"),
    ] {
        let said = bundle(bytes).unwrap_err();
        assert!(said.contains(want), "{want}: {said}");
    }
}
