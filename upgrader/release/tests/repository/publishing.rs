//! What the owner of a repository can do, and what he is kept from.

use crate::shop::{Shop, days, hasty, noon, told, version};
use jiff::Timestamp;
use release::publish::{Publication, publish, refresh};
use release::{Releases, Repository};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

async fn read(shop: &Shop, now: Timestamp) -> Repository {
    hasty()
        .open(&shop.source(), &shop.trust(), now)
        .await
        .unwrap()
}

/// All files below a folder, with their content.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    all
}

#[tokio::test]
async fn done_twice_nothing_changes() {
    let shop = Shop::open().await;
    let before = files(&shop.repo());
    let again = publish(&shop.build("0.1.0", "amd64"), noon() + days(1))
        .await
        .unwrap();
    assert!(!again.changed);
    assert_eq!(files(&shop.repo()), before);
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let shop = Shop::open().await;
    let before = files(&shop.repo());
    let bill = |name: &str, text: &str| {
        fs::write(shop.path(name), text).unwrap();
        Some(shop.path(name))
    };
    for (name, sbom, expected) in [
        (
            "a key",
            Some(shop.path("keys/root-1.pem")),
            "is no bill of materials",
        ),
        (
            "other JSON",
            bill("a.json", "{}"),
            "is no bill of materials",
        ),
        (
            "a bill that the release did not have",
            bill("b.json", "{\"spdxVersion\": \"SPDX-2.3\"}"),
            "what was published never changes",
        ),
    ] {
        let asked = Publication {
            sbom,
            ..shop.build("0.1.0", "amd64")
        };
        let error = publish(&asked, noon()).await.unwrap_err();
        assert!(told(&error).contains(expected), "{name}: {}", told(&error));
        assert!(files(&shop.repo()) == before, "{name}");
    }
}

#[tokio::test]
async fn deltas_begin_with_the_last_releases_and_are_made_once() {
    let shop = Shop::open().await;
    let asked = |which: &str, deltas| Publication {
        deltas,
        ..shop.build_with(
            which,
            "amd64",
            if which < "0.3.0" { which } else { "0.2.0" },
        )
    };
    // What has nothing in common is not smaller than the image.
    let published = publish(&asked("0.2.0", 2), noon()).await.unwrap();
    assert!(published.deltas.is_empty());
    let published = publish(&asked("0.3.0", 1), noon()).await.unwrap();
    assert_eq!(published.deltas, [version("0.2.0")]);
    let published = publish(&asked("0.4.0", 2), noon()).await.unwrap();
    // Both have the same image: one delta serves nodes that run either.
    assert_eq!(published.deltas, [version("0.3.0")]);
    let again = publish(&asked("0.4.0", 2), noon() + days(1)).await.unwrap();
    assert!(!again.changed && again.deltas.is_empty());
    let none = publish(&asked("0.5.0", 0), noon()).await.unwrap();
    assert!(none.changed && none.deltas.is_empty());
    let repository = read(&shop, noon()).await;
    let is_delta = |name: &&String| name.ends_with(".delta");
    assert_eq!(repository.files().keys().filter(is_delta).count(), 2);
}

#[tokio::test]
async fn a_release_can_have_more_channels_and_architectures() {
    let shop = Shop::open().await;
    let more = Publication {
        channel: "beta".to_owned(),
        rollout: 25,
        not_before: Some(noon() + days(2)),
        severity: None,
        changelog: None,
        downgrade: true,
        ..shop.build("0.1.0", "arm64")
    };
    assert!(publish(&more, noon()).await.unwrap().changed);
    let repository = read(&shop, noon()).await;
    let release = repository.releases().get(&version("0.1.0")).unwrap();
    assert_eq!(release.archs.len(), 2);
    assert_eq!(release.channels["stable"].rollout, 100);
    assert_eq!(release.channels["beta"].rollout, 25);
    assert_eq!(release.channels["beta"].not_before, Some(noon() + days(2)));
    assert_eq!(release.changelog, "This is 0.1.0.");
    assert!(release.downgrade);
    for arch in release.archs.clone() {
        repository.manifest(&release.version, arch).await.unwrap();
        repository.index(&release.version, arch).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_the_repository_stays_as_it_was() {
    type Change = fn(&mut Publication);
    let cases: [(&str, Change); 9] = [
        (
            "it is published already, and its uki.efi for amd64 is another"
                .split_once(' ')
                .unwrap()
                .1,
            |p| {
                let text = fs::read(&p.uki).unwrap();
                let text = [&text[..], b" "].concat();
                rewrite(p, "uki.efi", &text);
            },
        ),
        ("is not the file that", |p| {
            fs::write(&p.root, b"other").unwrap()
        }),
        ("would not start: its verity tree is wrong", |p| {
            let mut image = fs::read(&p.root).unwrap();
            image[5000] ^= 1;
            rewrite(p, "root.img", &image);
        }),
        (
            "does not name the root image on its command line (`holdfast.roothash=",
            |p| {
                rewrite(p, "uki.efi", b"quiet");
            },
        ),
        ("is not the manifest of a build: it does not parse", |p| {
            fs::write(&p.manifest, "{}").unwrap();
        }),
        ("the changelog cannot be used: it is not one line", |p| {
            p.changelog = Some("a\nb".to_owned());
        }),
        ("the channel cannot be used: a channel has 1 to 32", |p| {
            p.channel = "Stable".to_owned()
        }),
        ("the rollout cannot be used: it is not a percentage", |p| {
            p.rollout = 101
        }),
        (
            "its minimum version is another: what was published never changes",
            |p| {
                p.min_version = Some(version("0.0.1"));
            },
        ),
    ];
    for (expected, change) in cases {
        let shop = Shop::open().await;
        let before = files(&shop.repo());
        let mut asked = shop.build("0.1.0", "amd64");
        change(&mut asked);
        let error = publish(&asked, noon()).await.unwrap_err();
        let text = told(&error);
        assert!(text.contains(expected), "{expected}: {text}");
        assert_eq!(files(&shop.repo()), before, "{expected}");
    }
}

/// Another file, and a manifest that names it.
fn rewrite(asked: &Publication, name: &str, content: &[u8]) {
    let mut raw: release::RawManifest =
        serde_json::from_slice(&fs::read(&asked.manifest).unwrap()).unwrap();
    let file = raw.files.get_mut(name).unwrap();
    file.size = content.len() as u64;
    file.sha256 = release::Digest::of(content).to_string();
    fs::write(&asked.manifest, raw.encode()).unwrap();
    let path = match name {
        "uki.efi" => &asked.uki,
        _ => &asked.root,
    };
    fs::write(path, content).unwrap();
}

#[tokio::test]
async fn an_interrupted_publication_is_done_by_doing_it_again() {
    let whole = Shop::open().await;
    let begun = files(&whole.repo());
    whole.publish("0.2.0").await;
    let done = files(&whole.repo());
    let timestamp = whole.metadata("timestamp.json");
    let old = begun[&timestamp.display().to_string()].clone();
    // Each file is written whole, the timestamp last: take away one more each time.
    let mut new: Vec<_> = done
        .keys()
        .filter(|path| !begun.contains_key(*path))
        .collect();
    while let Some(path) = new.pop() {
        fs::remove_file(path).unwrap();
        fs::write(&timestamp, &old).unwrap();
        let repository = read(&whole, noon()).await;
        assert!(
            repository.releases().get(&version("0.2.0")).is_none(),
            "not yet"
        );
    }
    whole.publish("0.2.0").await;
    assert!(
        read(&whole, noon())
            .await
            .releases()
            .get(&version("0.2.0"))
            .is_some()
    );
}

#[tokio::test]
async fn a_refresh_makes_signatures_last_longer_and_changes_nothing_else() {
    let shop = Shop::open().await;
    let releases: Releases = read(&shop, noon()).await.releases().clone();
    let later = noon() + days(40);
    let error = hasty()
        .open(&shop.source(), &shop.trust(), later)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("timestamp.json expired"),
        "{error}"
    );
    let expires = refresh(&shop.repo(), &shop.keys(), shop.lifetimes, later)
        .await
        .unwrap();
    assert_eq!(expires, later + days(30));
    assert_eq!(read(&shop, later).await.releases(), &releases);
    assert!(
        !shop.metadata("2.targets.json").exists(),
        "the list of files is good for long"
    );
    let much_later = noon() + days(200);
    refresh(&shop.repo(), &shop.keys(), shop.lifetimes, much_later)
        .await
        .unwrap();
    assert!(
        shop.metadata("2.targets.json").exists(),
        "more than half of its time is over"
    );
    assert_eq!(read(&shop, much_later).await.releases(), &releases);
    let empty = Shop::new();
    let error = refresh(&empty.repo(), &empty.keys(), empty.lifetimes, later).await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("publish a release there first")
    );
}

#[tokio::test]
async fn nothing_is_published_into_a_repository_that_is_not_good() {
    let shop = Shop::open().await;
    fs::write(shop.metadata("1.targets.json"), "{}").unwrap();
    let error = publish(&shop.build("0.2.0", "amd64"), noon())
        .await
        .unwrap_err();
    let text = told(&error);
    assert!(
        text.contains("is not good as it is: nothing was changed: 1.targets.json"),
        "{text}"
    );
}
