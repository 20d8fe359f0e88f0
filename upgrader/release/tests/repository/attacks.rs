//! Attacks on a repository in a folder or on its way, each refused with its own message.

use crate::shop::{Shop, days, hasty, noon, take, told, version};
use release::publish::{Role, rotate};
use release::{Arch, Node, Wanted};
use std::fs;
use std::path::{Path, PathBuf};

/// A vendor with 0.1.0 and 0.2.0, whose node has seen both; what 0.1.0 alone looked like; and a thief with keys of his own.
struct Scene {
    shop: Shop,
    former: PathBuf,
    thief: Shop,
}

impl Scene {
    async fn new() -> Scene {
        let shop = Shop::open().await;
        let former = shop.path("former");
        copy(&shop.repo(), &former);
        shop.publish("0.2.0").await;
        hasty()
            .open(&shop.source(), &shop.trust(), noon())
            .await
            .unwrap();
        let thief = Shop::open().await;
        thief.publish("0.2.0").await;
        Scene {
            shop,
            former,
            thief,
        }
    }

    /// The file of 0.2.0 with such an ending.
    fn target(&self, ending: &str) -> PathBuf {
        let folder = self.shop.repo().join("targets/0.2.0/amd64");
        let entries = fs::read_dir(folder)
            .unwrap()
            .flatten()
            .map(|entry| entry.path());
        let mut found = entries.filter(|path| path.display().to_string().ends_with(ending));
        found.next().unwrap()
    }

    /// Changes a text in a metadata file of the vendor.
    fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.shop.metadata(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} has {from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }
}

fn put(from: PathBuf, to: PathBuf) {
    fs::copy(from, to).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => put(entry.path(), to.join(entry.file_name())),
        }
    }
}

/// Opens the repository as the node does, and takes 0.2.0.
async fn upgrade(scene: &Scene) -> String {
    let shop = &scene.shop;
    let repository = match hasty().open(&shop.source(), &shop.trust(), noon()).await {
        Ok(repository) => repository,
        Err(error) => return told(&error),
    };
    match take(&repository, "0.2.0").await {
        Ok(_) => "taken".to_owned(),
        Err(error) => told(&error),
    }
}

#[tokio::test]
async fn each_is_refused_with_its_own_message() {
    type Attack = fn(&Scene);
    let cases: [(&str, &str, Attack); 17] = [
        ("nothing", "taken", |_| ()),
        (
            "wrong signature",
            "timestamp.json has a wrong signature: it was changed after it was signed",
            |s| s.edit("timestamp.json", "\"version\": 2", "\"version\": 3"),
        ),
        (
            "unknown key",
            "timestamp.json is signed by no key that the root names for it, but by ",
            |s| {
                put(
                    s.thief.metadata("timestamp.json"),
                    s.shop.metadata("timestamp.json"),
                )
            },
        ),
        (
            "no signature",
            "timestamp.json is signed by no key that the root names for it, but by none",
            |s| {
                let path = s.shop.metadata("timestamp.json");
                let mut text: serde_json::Value =
                    serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                text["signatures"] = serde_json::json!([]);
                fs::write(path, text.to_string()).unwrap();
            },
        ),
        (
            "foreign root",
            "2.root.json is signed by no key that the root names for it, but by ",
            |s| {
                put(
                    s.thief.path("keys/1.root.json"),
                    s.shop.metadata("2.root.json"),
                )
            },
        ),
        (
            "root that skips a number",
            "2.root.json is not the one that the signed files before it name (version 1 after 1)",
            |s| {
                put(
                    s.shop.path("keys/1.root.json"),
                    s.shop.metadata("2.root.json"),
                )
            },
        ),
        (
            "replayed older metadata",
            "timestamp.json has version 1, and this node has seen version 2: an older state of the repository is not accepted",
            |s| copy(&s.former.join("metadata"), &s.shop.repo().join("metadata")),
        ),
        (
            "older list under the new name",
            "2.targets.json is not the one that the signed files before it name (another digest)",
            |s| {
                let (old, new) = (
                    s.shop.metadata("1.targets.json"),
                    s.shop.metadata("2.targets.json"),
                );
                fs::write(&new, padded(&old, fs::metadata(&new).unwrap().len())).unwrap();
            },
        ),
        (
            "older snapshot under the new name",
            "2.snapshot.json is not the one that the signed files before it name (another digest)",
            |s| {
                put(
                    s.shop.metadata("1.snapshot.json"),
                    s.shop.metadata("2.snapshot.json"),
                )
            },
        ),
        (
            "longer list",
            "2.targets.json is not the one that the signed files before it name (more than the ",
            |s| {
                let path = s.shop.metadata("2.targets.json");
                fs::write(&path, padded(&path, 100_000)).unwrap();
            },
        ),
        (
            "no JSON",
            "timestamp.json cannot be understood: expected",
            |s| fs::write(s.shop.metadata("timestamp.json"), "not JSON").unwrap(),
        ),
        (
            "gone",
            "metadata/2.snapshot.json is not there: is this the address of a repository, and is it whole?",
            |s| fs::remove_file(s.shop.metadata("2.snapshot.json")).unwrap(),
        ),
        (
            "mixed-up targets",
            "0.2.0/amd64/manifest.json is not what was signed: its digest is another",
            |s| {
                let new = s.target(".manifest.json");
                let text = fs::read_to_string(&new).unwrap().replace("0.2.0", "0.1.0");
                fs::write(&new, text).unwrap();
            },
        ),
        (
            "changed target",
            "0.2.0/amd64/root.img, block 0 is not what was signed: its digest is another",
            |s| {
                let mut image = fs::read(s.target(".root.img")).unwrap();
                image[0] ^= 1;
                fs::write(s.target(".root.img"), image).unwrap();
            },
        ),
        (
            "truncated target",
            ".root.img has 400000 bytes, 417792 are signed: it was cut off, added to, or exchanged",
            |s| {
                fs::write(
                    s.target(".root.img"),
                    &fs::read(s.target(".root.img")).unwrap()[..400_000],
                )
                .unwrap()
            },
        ),
        ("oversized target", ".uki.efi has 1000 bytes, ", |s| {
            fs::write(s.target(".uki.efi"), padded(&s.target(".uki.efi"), 1000)).unwrap()
        }),
        (
            "endless metadata",
            "timestamp.json does not end after the 1048576 bytes that are taken at most: endless data",
            |s| fs::write(s.shop.metadata("timestamp.json"), vec![b' '; 1 << 21]).unwrap(),
        ),
    ];
    for (name, expected, attack) in cases {
        let scene = Scene::new().await;
        let seen = fs::read(scene.shop.path("trust/floors.json")).unwrap();
        attack(&scene);
        let answer = upgrade(&scene).await;
        assert!(answer.contains(expected), "{name}: {answer}");
        let now = fs::read(scene.shop.path("trust/floors.json")).unwrap();
        assert_eq!(now, seen, "{name}: what was seen before stays");
    }
}

/// A file with spaces behind it, which JSON allows.
fn padded(path: &Path, length: u64) -> Vec<u8> {
    let mut text = fs::read(path).unwrap();
    text.resize(length as usize, b' ');
    text
}

#[tokio::test]
async fn a_root_that_too_few_of_the_old_keys_signed_is_refused() {
    let mut shop = Shop::new();
    shop.folder = tempfile::tempdir().unwrap();
    let asked = release::keys::Init {
        folder: shop.keys(),
        root_keys: 3,
        threshold: 2,
        expires: noon() + days(3650),
    };
    release::keys::init(&asked).unwrap();
    shop.publish("0.1.0").await;
    rotate(&shop.rotation(Role::Timestamp), noon())
        .await
        .unwrap();
    let path = shop.metadata("2.root.json");
    let mut root: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    root["signatures"].as_array_mut().unwrap().truncate(1);
    fs::write(&path, root.to_string()).unwrap();
    let error = hasty()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap_err();
    let expected =
        "2.root.json is signed by 1 of the keys that the root names for it, and must be by 2";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_node_does_not_go_back_by_itself() {
    let scene = Scene::new().await;
    let shop = &scene.shop;
    let repository = hasty()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap();
    let running = version("0.2.0");
    let node = Node {
        running: &running,
        arch: Arch::Amd64,
        id: "node-1",
        kubernetes: None,
        allow_downgrade: false,
    };
    let wanted = Wanted::Version(version("0.1.0"));
    let why = repository
        .choose(&wanted, &node, noon())
        .unwrap_err()
        .to_string();
    assert_eq!(
        why,
        "release 0.1.0 is older than 0.2.0, which is running: a downgrade must be asked for"
    );
}
