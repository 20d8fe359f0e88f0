//! Images of a bundle: from a registry of another project on loopback, from archives, and as a node reads them.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

mod archives;
mod pictures;
mod server;

use bundle::{Bundle, FOLDER, LISTING};
use bundle_maker::{Made, MakeError, Order, Platform, StickConfig, make, parse_list};
use jiff::Timestamp;
use pictures::{Picture, oci_archive, saved_by_docker};
use server::Server;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn order(output: &Path, images: &str) -> Order {
    Order {
        output: output.to_owned(),
        name: "stores".parse().unwrap(),
        images: parse_list(Path::new("images.txt"), images).unwrap(),
        archives: Vec::new(),
        allowed_missing: BTreeSet::new(),
        manifests: None,
        platforms: BTreeSet::from([Platform::Amd64]),
        releases: None,
        key: None,
        config: None,
        config_manifests: BTreeMap::new(),
        largest_file: bundle::LARGEST_FILE,
        plain_http: Vec::new(),
    }
}

fn made(order: &Order) -> Result<Made, MakeError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(make(order, Timestamp::now(), &mut |_| {}))
}

/// What a node hands to containerd.
fn archive(stick: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let bundle = Bundle::open(stick, &[]).unwrap();
    bundle.write_images(&mut bytes).unwrap();
    bytes
}

/// What a node reads: names and sizes of the files in the archive.
fn read(stick: &Path) -> (Vec<String>, Vec<String>) {
    let bundle = Bundle::open(stick, &[]).unwrap();
    let bytes = archive(stick);
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entries = archive.entries().unwrap();
    let names = entries.map(|entry| entry.unwrap().path().unwrap().display().to_string());
    let images = bundle.listing().images().iter().cloned().collect();
    (names.collect(), images)
}

fn blobs(stick: &Path) -> usize {
    let (files, _) = read(stick);
    files
        .iter()
        .filter(|name| name.starts_with("blobs/"))
        .count()
}

/// What the listing says that the images are for.
fn platforms(stick: &Path) -> Vec<String> {
    let bundle = Bundle::open(stick, &[]).unwrap();
    bundle.listing().platforms().iter().cloned().collect()
}

#[test]
fn images_of_a_registry_share_their_layers_and_come_for_the_wanted_platforms() {
    let server = Server::start();
    let base = Picture::new("amd64", &["base"]);
    server.push("stores/base:1", &[&base]);
    server.push(
        "stores/app:1",
        &[
            &Picture::new("amd64", &["base", "app"]),
            &Picture::new("arm64", &["arm base", "arm app"]),
        ],
    );
    let stick = TempDir::new().unwrap();
    let host = server.address();
    let mut order = order(
        stick.path(),
        &format!("{host}/stores/base:1\n{host}/stores/app:1\n"),
    );
    order.plain_http = vec![host.clone()];
    let result = made(&order).unwrap();
    assert_eq!((result.images, result.manifests), (2, 0));
    let (files, images) = read(stick.path());
    assert_eq!(
        images,
        [
            format!("{host}/stores/app:1"),
            format!("{host}/stores/base:1")
        ]
    );
    assert_eq!(files[files.len() - 2..], ["index.json", "oci-layout"]);
    // Layers `base` and `app`, a configuration and a manifest for each image, the index of `app`.
    assert_eq!(blobs(stick.path()), 2 + 2 + 2 + 1);
    assert!(sums_are_right(stick.path()));

    assert_eq!(platforms(stick.path()), ["amd64"]);
    order.platforms.insert(Platform::Arm64);
    let error = made(&order).unwrap_err().to_string();
    assert!(
        error.contains(
            "stores/base:1 is not made for linux/arm64; it is there for linux/amd64 only"
        ),
        "{error}"
    );
    assert!(
        !stick.path().join(FOLDER).join(LISTING).exists(),
        "no half bundle is one"
    );

    order.images.remove(&format!("{host}/stores/base:1"));
    made(&order).unwrap();
    assert_eq!(
        blobs(stick.path()),
        4 + 2 + 2 + 1,
        "and what nobody needs is gone"
    );
    assert_eq!(platforms(stick.path()), ["amd64", "arm64"]);
    drop(server);
    let error = made(&order).unwrap_err().to_string();
    assert!(error.contains("cannot be had from its registry"), "{error}");
}

/// A stick with FAT32 holds no file of 4 GiB; a layer can have more.
#[test]
fn a_layer_that_no_stick_holds_in_one_file_lies_in_pieces() {
    let server = Server::start();
    let host = server.address();
    server.push("stores/base:1", &[&Picture::new("amd64", &["base", "app"])]);
    let [whole, pieces] = [(); 2].map(|()| TempDir::new().unwrap());
    let mut order = order(whole.path(), &format!("{host}/stores/base:1\n"));
    order.plain_http = vec![host];
    made(&order).unwrap();
    order.output = pieces.path().to_owned();
    order.largest_file = 50;
    // The second time, what is there is used again.
    for _ in 0..2 {
        made(&order).unwrap();
        assert_eq!(archive(pieces.path()), archive(whole.path()));
        assert!(sums_are_right(pieces.path()));
        let folder = pieces.path().join(FOLDER).join("images/blobs/sha256");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let in_pieces: Vec<u64> = files
            .filter(|file| file.path().extension().is_some())
            .map(|file| file.metadata().unwrap().len())
            .collect();
        // Two layers and a configuration; the manifest is never large.
        assert!(in_pieces.len() >= 6, "{in_pieces:?}");
        assert!(in_pieces.iter().all(|size| *size <= 50), "{in_pieces:?}");
    }

    // The same bundle in whole files takes the pieces away.
    order.largest_file = bundle::LARGEST_FILE;
    let blobs = pieces.path().join(FOLDER).join("images/blobs/sha256");
    for entry in fs::read_dir(&blobs).unwrap() {
        fs::write(entry.unwrap().path(), "damaged").unwrap();
    }
    made(&order).unwrap();
    assert_eq!(archive(pieces.path()), archive(whole.path()));
    let names = fs::read_dir(&blobs)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    assert_eq!(names.filter(|name| name.extension().is_some()).count(), 0);
}

#[test]
fn what_a_registry_has_not_is_told_at_once() {
    let server = Server::start();
    let stick = TempDir::new().unwrap();
    let mut order = order(stick.path(), &format!("{}/nothing:1", server.address()));
    order.plain_http = vec![server.address()];
    let error = made(&order).unwrap_err().to_string();
    assert!(
        error.contains("/nothing:1 cannot be had from its registry"),
        "{error}"
    );
}

#[test]
fn archives_of_both_kinds() {
    let folder = TempDir::new().unwrap();
    let picture = Picture::new("amd64", &["base", "app"]);
    let oci = folder.path().join("oci.tar");
    let saved = folder.path().join("saved.tar.gz");
    oci_archive(&picture, "docker.io/library/app:1", &oci);
    saved_by_docker(&picture, "app:2", &saved);
    let stick = folder.path().join("stick");
    let mut order = order(&stick, "");
    order.archives = vec![oci.clone(), saved];
    made(&order).unwrap();
    let (_, images) = read(&stick);
    assert_eq!(
        images,
        ["docker.io/library/app:1", "docker.io/library/app:2"]
    );
    // Layers, configuration, and the manifest that `docker save` has not and that is made anew, are the same.
    assert_eq!(blobs(&stick), 2 + 1 + 1);

    let whole = fs::read(&oci).unwrap();
    fs::write(&oci, &whole[..whole.len() / 2]).unwrap();
    let error = made(&order).unwrap_err().to_string();
    assert!(
        error.contains("it was cut off") || error.contains("is damaged"),
        "{error}"
    );
}

#[test]
fn an_image_that_a_manifest_names_must_be_there() {
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("oci.tar");
    oci_archive(
        &Picture::new("amd64", &["app"]),
        "docker.io/library/app:1",
        &archive,
    );
    let manifests = folder.path().join("manifests");
    fs::create_dir(&manifests).unwrap();
    let pod = |image: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: app}}\nspec:\n  containers:\n  - image: {image}\n"
        );
        fs::write(manifests.join("pod.yaml"), text).unwrap();
    };
    let stick = folder.path().join("stick");
    let mut order = order(&stick, "");
    order.archives = vec![archive];
    order.manifests = Some(manifests.clone());
    pod("app:2");
    let error = made(&order).unwrap_err().to_string();
    assert!(
        error.contains("docker.io/library/app:2, named in pod.yaml"),
        "{error}"
    );
    assert!(!stick.exists(), "nothing was written");
    order.allowed_missing = parse_list(Path::new("-"), "app:2").unwrap();
    made(&order).unwrap();
    pod("app:1");
    order.allowed_missing.clear();
    assert_eq!(made(&order).unwrap().manifests, 1);
    assert!(sums_are_right(&stick));
}

/// Nodes apply these as they do those of the folder.
#[test]
fn an_image_that_the_configuration_itself_names_must_be_there() {
    let stick = TempDir::new().unwrap();
    let mut order = order(stick.path(), "");
    let job = "kind: Job\nspec: {template: {spec: {containers: [{image: job:3}]}}}\n";
    let inline = [("job.yaml", job), ("later.yaml", "# nothing yet\n")];
    let inline = inline.map(|(name, text)| (name.to_owned(), text.to_owned()));
    order.config_manifests = BTreeMap::from(inline);
    let error = made(&order).unwrap_err().to_string();
    let words = "docker.io/library/job:3, named in config.yaml, manifest job.yaml";
    assert!(error.contains(words), "{error}");
    order.allowed_missing = parse_list(Path::new("-"), "job:3").unwrap();
    assert_eq!(made(&order).unwrap().manifests, 0, "none is copied");
}

#[test]
fn a_configuration_comes_with_its_signatures_and_with_no_others() {
    let stick = TempDir::new().unwrap();
    let mut order = order(stick.path(), "");
    let at = |name: &str| fs::read(stick.path().join(name)).ok();
    for (text, signatures) in [("one", Some("of one")), ("two", None)] {
        order.config = Some(StickConfig {
            text: text.into(),
            signatures: signatures.map(Into::into),
        });
        made(&order).unwrap();
        assert_eq!(at("config.yaml").as_deref(), Some(text.as_bytes()));
        let lines = at("config.yaml.sig");
        assert_eq!(lines.as_deref(), signatures.map(str::as_bytes), "{text}");
    }
}

#[test]
fn a_folder_of_somebody_elses_is_left_alone() {
    let stick = TempDir::new().unwrap();
    let theirs = stick.path().join(FOLDER).join("src");
    fs::create_dir_all(&theirs).unwrap();
    let error = made(&order(stick.path(), "app:1")).unwrap_err().to_string();
    assert!(error.contains("is there already"), "{error}");
    assert!(theirs.exists());
}

/// `sha256sum` is the judge.
fn sums_are_right(stick: &Path) -> bool {
    std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(stick.join(FOLDER))
        .status()
        .unwrap()
        .success()
}
