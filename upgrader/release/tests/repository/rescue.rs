//! Orders to run a script: which count.

use crate::shop::{Shop, days, noon};
use release::keys::sign_rescue;
use release::publish::{Role, rotate};
use release::{Client, OrderError, RescueOrder, Trust};
use std::fs;
use std::time::Duration;

const SCRIPT: &[u8] = b"#!/bin/sh\nhostname\n";
const WITHIN: Duration = Duration::from_secs(600);

/// What it is, order, script, whose keys the node trusts, on which day, what is said.
type Case<'a> = (&'a str, Vec<u8>, &'a [u8], &'a Shop, i64, &'a str);

fn order(shop: &Shop) -> Vec<u8> {
    sign_rescue(&shop.keys(), SCRIPT, noon() + days(7), WITHIN).unwrap()
}

#[test]
fn an_order_counts_for_its_script_until_its_end_where_its_keys_are_trusted() {
    let (ours, theirs) = (Shop::new(), Shop::new());
    let root = |shop: &Shop| fs::read(shop.keys().join("root.json")).unwrap();
    let good = order(&ours);
    let changed = |from: &str, to: &str| {
        let text = String::from_utf8(good.clone()).unwrap();
        assert!(text.contains(from), "{from:?} in {text}");
        text.replace(from, to).into_bytes()
    };
    let cases: [Case<'_>; 8] = [
        ("good", good.clone(), SCRIPT, &ours, 6, ""),
        (
            "too late",
            good.clone(),
            SCRIPT,
            &ours,
            7,
            "it counted until 2026-06-08",
        ),
        (
            "another script",
            good.clone(),
            b"reboot\n",
            &ours,
            6,
            "rescue.sh was changed",
        ),
        (
            "another's node",
            good.clone(),
            SCRIPT,
            &theirs,
            6,
            "did not sign it",
        ),
        (
            "a longer life",
            changed("2026-06-08", "2029-06-08"),
            SCRIPT,
            &ours,
            6,
            "did not sign it",
        ),
        (
            "of another kind",
            changed("holdfast-rescue", "targets"),
            SCRIPT,
            &ours,
            6,
            "is not what",
        ),
        ("a root", root(&ours), SCRIPT, &ours, 6, "is not what"),
        ("nothing", Vec::new(), SCRIPT, &ours, 6, "is not what"),
    ];
    for (case, text, script, node, day, said) in cases {
        let trust = Trust::fleeting(root(node));
        let read = RescueOrder::read(&text, script, &trust, noon() + days(day));
        match read {
            Ok(order) => {
                assert_eq!((said, order.within), ("", WITHIN), "{case}");
                assert_eq!(order.id.len(), 32, "{case}");
            }
            Err(error) => {
                let error = error.to_string();
                assert!(!said.is_empty() && error.contains(said), "{case}: {error}");
            }
        }
    }
    let ids = [order(&ours), order(&ours)].map(|text| {
        let trust = Trust::fleeting(root(&ours));
        RescueOrder::read(&text, SCRIPT, &trust, noon()).unwrap().id
    });
    assert_ne!(ids[0], ids[1], "each order is carried out once");
}

/// A key that was taken away orders nothing more, on a node that has seen the new root.
#[tokio::test]
async fn an_order_of_a_key_that_is_gone_does_not_count() {
    let shop = Shop::open().await;
    let old = order(&shop);
    let counts = |order: &[u8]| RescueOrder::read(order, SCRIPT, &shop.trust(), noon());
    counts(&old).unwrap();
    rotate(&shop.rotation(Role::Targets), noon()).await.unwrap();
    // Before the node has seen it, it cannot know.
    counts(&old).unwrap();
    Client::new()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap();
    let error = counts(&old).unwrap_err();
    assert!(matches!(error, OrderError::NotSigned(_)), "{error}");
    counts(&order(&shop)).unwrap();
}
