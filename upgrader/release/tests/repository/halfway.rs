//! A repository that is good up to some file: what was good of it counts from then on.

use crate::shop::{Shop, hasty, noon};
use release::publish::{Role, rotate};
use std::fs;
use std::path::Path;

async fn open(shop: &Shop) -> Result<u64, String> {
    let opened = hasty().open(&shop.source(), &shop.trust(), noon()).await;
    opened
        .map(|repository| repository.root_version())
        .map_err(|error| error.to_string())
}

/// All metadata as it is now; it can be put back in place of what is there then.
struct Copy(Vec<(std::path::PathBuf, Vec<u8>)>);

impl Copy {
    fn of(folder: &Path) -> Copy {
        let files = fs::read_dir(folder).unwrap().flatten();
        let files = files.map(|file| (file.path(), fs::read(file.path()).unwrap()));
        Copy(files.collect())
    }

    fn put_back(&self) {
        let folder = self.0[0].0.parent().unwrap();
        fs::remove_dir_all(folder).unwrap();
        fs::create_dir(folder).unwrap();
        for (path, bytes) in &self.0 {
            fs::write(path, bytes).unwrap();
        }
    }
}

/// Whoever stole the timestamp's key would have the node forget the root that takes it away, by a connection that breaks.
#[tokio::test]
async fn a_root_that_takes_a_key_away_is_not_forgotten_when_the_next_file_is_missing() {
    let shop = Shop::open().await;
    assert_eq!(open(&shop).await, Ok(1));
    let former = Copy::of(&shop.repo().join("metadata"));
    rotate(&shop.rotation(Role::Timestamp), noon())
        .await
        .unwrap();
    fs::remove_file(shop.metadata("timestamp.json")).unwrap();
    let error = open(&shop).await.unwrap_err();
    assert!(error.contains("timestamp.json is not there"), "{error}");
    former.put_back();
    let error = open(&shop).await.unwrap_err();
    let expected = "timestamp.json is signed by no key that the root names for it";
    assert!(error.starts_with(expected), "{error}");
}

#[tokio::test]
async fn a_state_is_not_accepted_any_more_once_a_newer_one_was_begun() {
    let shop = Shop::open().await;
    assert_eq!(open(&shop).await, Ok(1));
    let former = Copy::of(&shop.repo().join("metadata"));
    shop.publish("0.2.0").await;
    let newer = Copy::of(&shop.repo().join("metadata"));
    for (missing, expected) in [
        (
            "2.snapshot.json",
            "timestamp.json has version 1, and this node has seen version 2",
        ),
        (
            "2.targets.json",
            "timestamp.json has version 1, and this node has seen version 2",
        ),
    ] {
        fs::remove_dir_all(shop.path("trust")).unwrap();
        former.put_back();
        assert_eq!(open(&shop).await, Ok(1));
        newer.put_back();
        fs::remove_file(shop.metadata(missing)).unwrap();
        let error = open(&shop).await.unwrap_err();
        assert!(error.contains(missing), "{error}");
        former.put_back();
        let error = open(&shop).await.unwrap_err();
        assert!(error.starts_with(expected), "{error}");
        // The whole of the newer one is taken.
        newer.put_back();
        assert_eq!(open(&shop).await, Ok(1));
    }
}

/// Older files are not fetched when the ones before them say that they are older.
#[tokio::test]
async fn what_names_something_older_is_refused_before_it_is_fetched() {
    let shop = Shop::open().await;
    shop.publish("0.2.0").await;
    assert_eq!(open(&shop).await, Ok(1));
    let floors = shop.path("trust/floors.json");
    let text = fs::read_to_string(&floors).unwrap();
    for (role, gone) in [
        ("snapshot", "2.snapshot.json"),
        ("targets", "2.targets.json"),
    ] {
        let raised = text.replace(&format!("\"{role}\":2"), &format!("\"{role}\":9"));
        assert_ne!(raised, text);
        fs::write(&floors, raised).unwrap();
        let there = Copy::of(&shop.repo().join("metadata"));
        fs::remove_file(shop.metadata(gone)).unwrap();
        let error = open(&shop).await.unwrap_err();
        let expected = format!("{role}.json has version 2, and this node has seen version 9");
        assert!(error.starts_with(&expected), "{error}");
        there.put_back();
    }
}
