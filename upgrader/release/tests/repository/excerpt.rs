//! A part of a repository, for a stick.

use crate::shop::{Shop, days, noon, version};
use jiff::Timestamp;
use release::publish::{Publication, PublishError, excerpt, publish};
use release::{Arch, Client, File, Place, Repository, Source, Trust, target_name};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

const AMD64: [Arch; 1] = [Arch::Amd64];

fn stick(shop: &Shop) -> PathBuf {
    shop.path("stick/holdfast/releases")
}

async fn copy(shop: &Shop, which: &str, archs: &[Arch]) -> Result<(), PublishError> {
    copy_at(shop, &[which], archs, noon()).await
}

async fn copy_at(
    shop: &Shop,
    which: &[&str],
    archs: &[Arch],
    now: Timestamp,
) -> Result<(), PublishError> {
    let root = fs::read(shop.path("keys/1.root.json")).unwrap();
    let archs: BTreeSet<Arch> = archs.iter().copied().collect();
    let versions = which.iter().copied().map(version).collect();
    let (source, folder) = (shop.source(), stick(shop));
    let which = (&versions, &archs);
    excerpt(&source, &root, which, &folder, now, &mut |_| {})
        .await
        .map(drop)
}

/// Publishes 0.2.0 with a delta from 0.1.0.
async fn publish_with_delta(shop: &Shop) {
    let asked = Publication {
        deltas: 2,
        ..shop.build_with("0.2.0", "amd64", "0.1.0")
    };
    let published = publish(&asked, noon()).await.unwrap();
    assert_eq!(published.deltas, [version("0.1.0")]);
}

/// The stick as a node with the first root reads it.
async fn read(shop: &Shop) -> Repository {
    let root = fs::read(shop.path("keys/1.root.json")).unwrap();
    let source = Source::Folder(stick(shop));
    let opened = Client::new()
        .open(&source, &Trust::fleeting(root), noon())
        .await;
    opened.unwrap()
}

/// Whether all of a release is on the stick.
async fn whole(repository: &Repository, which: &str) -> Result<(), String> {
    let version = version(which);
    let manifest = repository.manifest(&version, Arch::Amd64).await;
    manifest.map_err(|error| error.to_string())?;
    for file in [File::Uki, File::Root, File::Blocks] {
        let checked = repository
            .check(&target_name(&version, Arch::Amd64, file))
            .await;
        checked.map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[tokio::test]
async fn one_release_is_whole_and_the_other_is_missing() {
    let shop = Shop::open().await;
    shop.publish("0.2.0").await;
    copy(&shop, "0.2.0", &AMD64).await.unwrap();
    let repository = read(&shop).await;
    assert_eq!(whole(&repository, "0.2.0").await, Ok(()));
    let missing = whole(&repository, "0.1.0").await.unwrap_err();
    assert!(missing.contains("is not there"), "{missing}");

    // The stick is used again for the other one: what it had is gone.
    copy(&shop, "0.1.0", &AMD64).await.unwrap();
    let repository = read(&shop).await;
    assert_eq!(whole(&repository, "0.1.0").await, Ok(()));
    assert!(whole(&repository, "0.2.0").await.is_err());
}

#[tokio::test]
async fn a_stick_has_no_deltas_and_is_whole_without() {
    let shop = Shop::open().await;
    publish_with_delta(&shop).await;
    let from = "targets/0.2.0/amd64/from";
    assert!(shop.repo().join(from).exists());
    copy(&shop, "0.2.0", &AMD64).await.unwrap();
    assert!(!stick(&shop).join(from).exists());
    assert_eq!(whole(&read(&shop).await, "0.2.0").await, Ok(()));
}

/// Of two releases the older one is there whole, and the newer one as the change from it.
#[tokio::test]
async fn a_second_release_takes_the_room_of_its_change() {
    let shop = Shop::open().await;
    publish_with_delta(&shop).await;
    shop.publish("0.3.0").await; // Without deltas.
    let all = ["0.1.0", "0.2.0", "0.3.0"];
    copy_at(&shop, &all, &AMD64, noon()).await.unwrap();
    let repository = read(&shop).await;
    for which in ["0.1.0", "0.3.0"] {
        assert_eq!(whole(&repository, which).await, Ok(()), "{which}");
    }
    let version = version("0.2.0");
    let place = |file| repository.place(&target_name(&version, Arch::Amd64, file));
    assert_eq!(place(File::Root), Place::Missing);
    for file in [File::Uki, File::Blocks, File::Manifest] {
        let path = place(file);
        assert!(matches!(path, Place::File(_)), "{file}: {path:?}");
    }
    let from = fs::read_dir(stick(&shop).join("targets/0.2.0/amd64/from")).unwrap();
    assert_eq!(from.count(), 1);

    // Without the older one, the newer one is whole.
    copy(&shop, "0.2.0", &AMD64).await.unwrap();
    assert_eq!(whole(&read(&shop).await, "0.2.0").await, Ok(()));
}

#[tokio::test]
async fn what_is_there_is_not_copied_again() {
    let shop = Shop::open().await;
    copy(&shop, "0.1.0", &AMD64).await.unwrap();
    let targets = stick(&shop).join("targets/0.1.0/amd64");
    let times = || {
        let entries = fs::read_dir(&targets).unwrap().flatten();
        let mut all: Vec<_> = entries
            .map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()))
            .collect();
        all.sort();
        all
    };
    let before = times();
    let (cut, _) = before.first().unwrap();
    fs::write(cut, "cut off").unwrap();
    copy(&shop, "0.1.0", &AMD64).await.unwrap();
    let after = times();
    assert_ne!(before[0], after[0], "what was broken is there anew");
    assert_eq!(before[1..], after[1..]);
    assert_eq!(whole(&read(&shop).await, "0.1.0").await, Ok(()));
}

#[tokio::test]
async fn what_the_repository_has_not_or_has_damaged_is_said() {
    let shop = Shop::open().await;
    let error = copy(&shop, "0.1.0", &[Arch::Arm64]).await.unwrap_err();
    assert!(
        error.to_string().contains("no release 0.1.0 for arm64"),
        "{error}"
    );
    let error = copy(&shop, "0.3.0", &AMD64).await.unwrap_err();
    assert!(
        error.to_string().contains("no release 0.3.0 for amd64"),
        "{error}"
    );
    assert!(!stick(&shop).exists(), "nothing was written");

    let files = fs::read_dir(shop.repo().join("targets/0.1.0/amd64"))
        .unwrap()
        .flatten();
    let paths = files.map(|entry| entry.path());
    // A file's digest stands before its name.
    let is_root = |path: &PathBuf| path.display().to_string().ends_with(".root.img");
    let root = paths.into_iter().find(is_root).unwrap();
    let mut bytes = fs::read(&root).unwrap();
    bytes[100] ^= 1;
    fs::write(&root, bytes).unwrap();
    let error = copy(&shop, "0.1.0", &AMD64).await.unwrap_err();
    assert!(
        error.to_string().contains("0.1.0/amd64/root.img"),
        "{error}"
    );
}

#[tokio::test]
async fn an_expired_repository_is_not_put_onto_a_stick() {
    let shop = Shop::open().await;
    let later = noon() + days(31);
    let error = copy_at(&shop, &["0.1.0"], &AMD64, later)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("expired"), "{error}");
    assert!(!stick(&shop).exists(), "nothing was written");
}
