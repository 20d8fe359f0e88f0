//! Keys: made once, changed in a way that no reader is left behind.

use crate::shop::{Shop, hasty, noon, take, told, version};
use release::keys::{Init, init};
use release::publish::{Role, Rotation, publish, rotate};
use release::{Client, Trust};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn keys_are_private_and_never_overwritten() {
    let shop = Shop::new();
    let mut names: Vec<_> = fs::read_dir(shop.keys()).unwrap().flatten().collect();
    names.sort_by_key(|entry| entry.file_name());
    let names = names.iter().map(|entry| {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        format!("{} {mode:o}", entry.file_name().display())
    });
    let expected = [
        "1.root.json 644",
        "root-1.pem 600",
        "root-2.pem 600",
        "root.json 644",
        "snapshot-1.pem 600",
        "targets-1.pem 600",
        "timestamp-1.pem 600",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let text = fs::read_to_string(shop.path("keys/root-1.pem")).unwrap();
    assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"), "PKCS#8");
    let judge = std::process::Command::new("openssl")
        .args(["pkey", "-noout", "-text", "-in"])
        .arg(shop.path("keys/root-1.pem"))
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&judge.stdout).contains("ED25519 Private-Key"));

    let asked = |folder, root_keys, threshold| Init {
        folder,
        root_keys,
        threshold,
        expires: noon(),
    };
    for (folder, keys, threshold, expected) in [
        (
            "keys",
            2,
            1,
            "has keys or a root already, and keys are never overwritten",
        ),
        ("new", 2, 3, "3 of 2 root keys cannot be"),
        ("new", 2, 0, "0 of 2 root keys cannot be"),
    ] {
        let error = init(&asked(shop.path(folder), keys, threshold)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn keys_that_could_not_all_be_made_leave_none() {
    let shop = Shop::new();
    // A folder where the root is to be takes no file: all keys are there by then.
    let asked = Init {
        folder: shop.path("half"),
        root_keys: 2,
        threshold: 1,
        expires: noon(),
    };
    fs::create_dir_all(shop.path("half/.1.root.json.new/in-the-way")).unwrap();
    let error = init(&asked).unwrap_err();
    assert!(told(&error).contains("1.root.json"), "{}", told(&error));
    let left: Vec<_> = fs::read_dir(shop.path("half")).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    fs::remove_dir_all(shop.path("half/.1.root.json.new")).unwrap();
    init(&asked).unwrap();
}

#[tokio::test]
async fn a_rotation_for_no_repository_makes_no_key() {
    let shop = Shop::open().await;
    let mistyped = Rotation {
        repo: shop.path("rep"),
        ..shop.rotation(Role::Timestamp)
    };
    let error = rotate(&mistyped, noon()).await.unwrap_err();
    assert!(
        told(&error).contains("publish a release there first"),
        "{}",
        told(&error)
    );
    assert!(!shop.path("keys/timestamp-2.pem").exists());
    shop.publish("0.2.0").await;
}

#[tokio::test]
async fn nodes_with_the_oldest_root_follow_every_rotation() {
    let shop = Shop::open().await;
    let (old, late) = (
        shop.trust(),
        Trust::kept(shop.path("late"), shop.trust().baked_root),
    );
    for (number, role) in [
        Role::Timestamp,
        Role::Snapshot,
        Role::Targets,
        Role::Root,
        Role::Root,
        Role::Timestamp,
    ]
    .into_iter()
    .enumerate()
    {
        let (file, root) = rotate(&shop.rotation(role), noon()).await.unwrap();
        assert!(file.exists(), "{role:?}");
        assert_eq!(root, number as u64 + 2);
        let repository = Client::new()
            .open(&shop.source(), &old, noon())
            .await
            .unwrap();
        assert_eq!(repository.root_version(), root, "{role:?}");
        take(&repository, "0.1.0").await.unwrap();
    }
    shop.publish("0.2.0").await;
    let repository = Client::new()
        .open(&shop.source(), &late, noon())
        .await
        .unwrap();
    assert_eq!(repository.root_version(), 7, "all at once");
    assert!(repository.releases().get(&version("0.2.0")).is_some());
    assert!(shop.path("late/7.root.json").exists(), "kept");

    // What was kept is enough where the server has no roots any more.
    for number in 1..=7 {
        fs::remove_file(shop.metadata(&format!("{number}.root.json"))).unwrap();
    }
    let repository = Client::new()
        .open(&shop.source(), &late, noon())
        .await
        .unwrap();
    assert_eq!(repository.root_version(), 7);
}

#[tokio::test]
async fn readers_of_the_old_and_of_the_new_root_are_served_in_the_middle_of_a_rotation() {
    let shop = Shop::open().await;
    for role in [Role::Targets, Role::Snapshot, Role::Timestamp] {
        let (_, number) = rotate(&shop.rotation(role), noon()).await.unwrap();
        // The cut before the new root appears.
        let root = shop.metadata(&format!("{number}.root.json"));
        let text = fs::read(&root).unwrap();
        fs::remove_file(&root).unwrap();
        let trust = Trust::fleeting(shop.trust().baked_root);
        let repository = Client::new()
            .open(&shop.source(), &trust, noon())
            .await
            .unwrap();
        assert_eq!(repository.root_version(), number - 1, "{role:?}");
        take(&repository, "0.1.0").await.unwrap();
        fs::write(&root, text).unwrap();
    }
}

#[tokio::test]
async fn keys_that_are_elsewhere_are_missed_by_name() {
    let shop = Shop::open().await;
    fs::create_dir(shop.path("safe")).unwrap();
    for name in ["root-1.pem", "root-2.pem"] {
        fs::rename(shop.keys().join(name), shop.path("safe").join(name)).unwrap();
    }
    // Root keys are not needed for releases.
    shop.publish("0.2.0").await;
    let error = rotate(&shop.rotation(Role::Targets), noon())
        .await
        .unwrap_err();
    let text = told(&error);
    let expected =
        "has 0 of the keys that the root names for root, and 1 must sign: bring the others (ids ";
    assert!(text.contains(expected), "{text}");
    assert!(
        !shop.path("keys/targets-2.pem").exists(),
        "no key was made for nothing"
    );
    fs::remove_file(shop.path("keys/timestamp-1.pem")).unwrap();
    let error = publish(&shop.build("0.3.0", "amd64"), noon())
        .await
        .unwrap_err();
    assert!(
        told(&error).contains("that the root names for timestamp"),
        "{}",
        told(&error)
    );
    let repository = hasty()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap();
    assert!(repository.releases().get(&version("0.3.0")).is_none());
}
