//! Expiry, clocks that are wrong, and what a node keeps of what it has seen.

use crate::shop::{Shop, days, hasty, noon};
use jiff::Timestamp;
use release::keys::{Init, init};
use release::publish::{Lifetimes, Role, refresh, rotate};
use release::{Client, Trust};
use std::fs;

#[tokio::test]
async fn a_clock_that_was_in_the_future_once_locks_nothing() {
    let shop = Shop::open().await;
    let far: Timestamp = "2099-01-01T00:00:00Z".parse().unwrap();
    let trust = shop.trust();
    let error = Client::new()
        .open(&shop.source(), &trust, far)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("and it is 2099-01-01"),
        "{error}"
    );
    Client::new()
        .open(&shop.source(), &trust, noon())
        .await
        .unwrap();
    // Also when the repository was refreshed by such a clock, and found good.
    let soon = noon() + days(3000);
    refresh(&shop.repo(), &shop.keys(), shop.lifetimes, soon)
        .await
        .unwrap();
    Client::new()
        .open(&shop.source(), &trust, soon)
        .await
        .unwrap();
    Client::new()
        .open(&shop.source(), &trust, noon())
        .await
        .unwrap();
    // Nor does a clock without a battery.
    Client::new()
        .open(&shop.source(), &trust, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_out_of_date_is_refused_by_the_time_that_is_handed_in() {
    let shop = |targets, newest, root| async move {
        let mut shop = Shop::new();
        shop.lifetimes = Lifetimes {
            targets: days(targets),
            newest: days(newest),
        };
        fs::remove_dir_all(shop.keys()).unwrap();
        let asked = Init {
            folder: shop.keys(),
            root_keys: 1,
            threshold: 1,
            expires: noon() + days(root),
        };
        init(&asked).unwrap();
        shop.publish("0.1.0").await;
        shop
    };
    for (lifetimes, after, kept, expected) in [
        ((365, 30, 3650), 30, true, Ok(())),
        (
            (365, 30, 3650),
            31,
            false,
            Err(
                "timestamp.json expired on 2026-07-01T12:00:00Z, and it is 2026-07-02T12:00:00Z: the repository was not refreshed, or somebody holds back what is newer",
            ),
        ),
        (
            (10, 30, 3650),
            11,
            true,
            Err(
                "targets.json expired on 2026-06-11T12:00:00Z, and it is 2026-06-12T12:00:00Z: the repository must be signed anew",
            ),
        ),
        (
            (365, 30, 5),
            6,
            false,
            Err(
                "root.json expired on 2026-06-06T12:00:00Z, and it is 2026-06-07T12:00:00Z: the repository must be signed anew",
            ),
        ),
    ] {
        let (targets, newest, root) = lifetimes;
        let shop = shop(targets, newest, root).await;
        let opened = hasty()
            .open(&shop.source(), &shop.trust(), noon() + days(after))
            .await;
        let answer = opened.map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(answer, expected.map_err(str::to_owned));
        let floors = shop.path("trust/floors.json");
        assert_eq!(floors.exists(), kept, "what was good before it is kept");
    }
}

#[tokio::test]
async fn what_was_seen_is_one_file_and_damage_to_it_is_not_overlooked() {
    let shop = Shop::open().await;
    let trust = shop.trust();
    hasty().open(&shop.source(), &trust, noon()).await.unwrap();
    let floors = shop.path("trust/floors.json");
    let text = fs::read_to_string(&floors).unwrap();
    for torn in ["", "{", &text[..text.len() / 2]] {
        fs::write(&floors, torn).unwrap();
        let error = hasty()
            .open(&shop.source(), &trust, noon())
            .await
            .unwrap_err();
        let error = error.to_string();
        assert!(error.contains("floors.json is damaged"), "{error}");
        assert!(
            error.contains("remove it to accept the one that the repository has now"),
            "{error}"
        );
    }
    fs::remove_file(&floors).unwrap();
    hasty().open(&shop.source(), &trust, noon()).await.unwrap();
    assert_eq!(fs::read_to_string(&floors).unwrap(), text, "the same again");
}

#[tokio::test]
async fn kept_roots_count_only_if_the_images_root_vouches_for_them() {
    let (shop, thief) = (Shop::open().await, Shop::open().await);
    rotate(&thief.rotation(Role::Root), noon()).await.unwrap();
    fs::create_dir(shop.path("trust")).unwrap();
    fs::copy(
        thief.path("keys/2.root.json"),
        shop.path("trust/2.root.json"),
    )
    .unwrap();
    let error = hasty()
        .open(&thief.source(), &shop.trust(), noon())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("2.root.json is signed by no key"),
        "{error}"
    );
    hasty()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap();

    // The right one is fetched again over the wrong one.
    rotate(&shop.rotation(Role::Targets), noon()).await.unwrap();
    let repository = hasty()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap();
    assert_eq!(repository.root_version(), 2);
    let kept = fs::read(shop.path("trust/2.root.json")).unwrap();
    assert_eq!(kept, fs::read(shop.path("keys/2.root.json")).unwrap());

    // An image with a newer root needs no kept ones.
    let trust = Trust::kept(shop.path("fresh"), kept);
    let repository = hasty().open(&shop.source(), &trust, noon()).await.unwrap();
    assert_eq!(repository.root_version(), 2);
}

#[tokio::test]
async fn numbers_that_a_thief_raised_count_anew_with_other_keys() {
    let shop = Shop::open().await;
    hasty()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap();
    let floors = shop.path("trust/floors.json");
    let raised = fs::read_to_string(&floors)
        .unwrap()
        .replace("\"timestamp\":1", "\"timestamp\":4000000");
    fs::write(&floors, raised).unwrap();
    let error = hasty()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("has seen version 4000000"),
        "{error}"
    );
    rotate(&shop.rotation(Role::Timestamp), noon())
        .await
        .unwrap();
    hasty()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap();
}
