//! What holds nodes back, and that it is said.

use super::fleet::World;
use crate::removed::{RemovedApi, Seen};
use serde_json::json;

#[test]
fn a_paused_upgrade_does_nothing_new() {
    let mut world = World::of(&["a1"]);
    world.upgrade("stores", json!({ "paused": true }));
    world.run(60);
    assert_eq!(
        world.state("stores"),
        "Paused 0/1: spec.paused is set: no node begins"
    );
    assert_eq!(
        world.why("stores", "a1"),
        "Paused: spec.paused is set: no node begins"
    );
    world.fleet.upgrades[0].spec.paused = false;
    world.run(300);
    assert_eq!(world.state("stores"), "Complete 1/1: ");
}

#[test]
fn outside_its_window_a_node_stages_and_waits() {
    let windows = json!([{ "start": "12:05", "duration": "1h" }]);
    let mut world = World::of(&["a1", "a2"]);
    world.upgrade("stores", json!({ "windows": windows }));
    world.run(60);
    let closed = "no window is open; the next one opens at 2026-11-28T12:05:00Z";
    assert_eq!(world.state("stores"), format!("Waiting 0/2: {closed}"));
    assert_eq!(
        world.why("stores", "a2"),
        format!("OutsideWindow: {closed}")
    );
    assert_eq!(
        world.step().wake,
        Some("2026-11-28T12:05:00Z".parse().expect("a moment"))
    );
    world.run(600);
    assert_eq!(world.state("stores"), "Complete 2/2: ");

    let mut world = World::of(&["a1"]);
    world.upgrade("stores", json!({ "windows": windows, "prefetch": false }));
    world.run(120);
    let staged = world.fleet.asked["a1"]
        .status
        .clone()
        .expect("a status")
        .staged;
    assert_eq!(staged, None, "nothing is fetched ahead");
    assert_eq!(
        world.why("stores", "a1"),
        format!("OutsideWindow: {closed}")
    );
}

#[test]
fn a_window_that_closes_lets_what_has_begun_finish() {
    let mut world = World::of(&["a1", "a2"]);
    world.upgrade(
        "stores",
        json!({ "windows": [{ "start": "12:00", "duration": "30s" }] }),
    );
    world.run(300);
    assert_eq!(world.order, ["a1"]);
    assert!(
        world
            .state("stores")
            .starts_with("Waiting 1/2: no window is open"),
        "{}",
        world.state("stores")
    );
}

#[test]
fn a_canary_soaks_before_the_others_follow() {
    let mut world = World::of(&["a1", "a2"]);
    world.upgrade(
        "stores",
        json!({ "strategy": { "canary": { "nodes": 1, "soak": "10m" } } }),
    );
    world.run(50);
    assert!(
        world.why("stores", "a2").starts_with("WaitingForCanary"),
        "{}",
        world.why("stores", "a2")
    );
    world.run(250);
    assert!(
        world
            .why("stores", "a2")
            .starts_with("Soaking: the canary nodes have to run well until"),
        "{}",
        world.why("stores", "a2")
    );
    assert_eq!(world.order, ["a1"]);
    world.run(600);
    assert_eq!(world.state("stores"), "Complete 2/2: ");
}

#[test]
fn a_budget_that_cannot_be_met_is_named_and_the_node_given_back() {
    let mut world = World::of(&["a1", "a2"]);
    world.stuck.insert("a1".to_owned());
    world.upgrade("stores", json!({ "drain": { "timeout": "1m" } }));
    world.run(40);
    assert_eq!(
        world.why("stores", "a1"),
        "Draining: pods that are still there: 1; default/web: budget web"
    );
    world.run(50);
    assert!(
        world
            .why("stores", "a1")
            .starts_with("GivenBack: it could not be drained"),
        "{}",
        world.why("stores", "a1")
    );
    assert!(!world.node("a1").cordoned);
    world.run(10);
    assert_eq!(
        world.order,
        ["a1", "a2"],
        "the other one does not wait for it"
    );
    world.stuck.clear();
    world.run(600);
    assert_eq!(world.state("stores"), "Complete 2/2: ");
}

#[test]
fn a_node_that_is_away_is_caught_up_with_and_a_server_counts() {
    let mut world = World::of(&["a1", "a2", "s1", "s2"]);
    world.node("a1").ready = false;
    world.upgrade("stores", json!({}));
    world.run(600);
    assert!(
        world
            .state("stores")
            .starts_with("Progressing 3/4: a1: the node is not Ready"),
        "{}",
        world.state("stores")
    );
    world.node("a1").ready = true;
    world.run(600);
    assert_eq!(world.state("stores"), "Complete 4/4: ");

    let mut world = World::of(&["s1", "s2"]);
    world.node("s1").ready = false;
    world.upgrade("stores", json!({}));
    world.run(300);
    assert!(
        world.why("stores", "s2").starts_with("MaxUnavailable"),
        "{}",
        world.why("stores", "s2")
    );
}

#[test]
fn of_two_upgrades_the_one_made_last_has_the_node() {
    let mut world = World::of(&["a1", "b1"]);
    world.upgrade("all", json!({}));
    world.upgrade(
        "berlin",
        json!({ "version": "0.3.0", "nodeSelector": { "matchLabels": { "site": "b" } } }),
    );
    world.run(5);
    assert!(
        world
            .why("all", "b1")
            .starts_with("OtherUpgrade: Upgrade berlin has this node"),
        "{}",
        world.why("all", "b1")
    );
    world.run(600);
    assert_eq!(
        (world.running("a1"), world.running("b1")),
        ("0.2.0".to_owned(), "0.3.0".to_owned())
    );
    assert_eq!(
        world.state("all"),
        "Complete 2/2: ",
        "a newer release will do"
    );
    assert_eq!(world.state("berlin"), "Complete 1/1: ");
}

#[test]
fn a_selector_that_matches_nothing_says_so() {
    let mut world = World::of(&["a1"]);
    world.upgrade(
        "stores",
        json!({ "nodeSelector": { "matchLabels": { "site": "x" } } }),
    );
    world.step();
    assert_eq!(
        world.state("stores"),
        "Waiting 0/0: the selector matches no node"
    );
}

#[test]
fn an_api_that_is_still_asked_for_holds_a_release_without_it_back() {
    let asked_for = |removed_in: &str| {
        let labels = format!(
            "group=\"apps\",removed_release=\"{removed_in}\",resource=\"things\",version=\"v1beta1\""
        );
        let line = format!("apiserver_requested_deprecated_apis{{{labels}}} 1");
        vec![crate::removed::parse(&line).expect("an API")]
    };
    let mut world = World::of(&["a1"]);
    world.fleet.removed = Ok(asked_for("1.37"));
    world.upgrade("stores", json!({}));
    world.run(120);
    let why = world.why("stores", "a1");
    assert!(
        why.starts_with("RemovedApis: Kubernetes 1.37.2 has no more what is still asked for in this cluster: things of apps/v1beta1."),
        "{why}"
    );
    assert!(!world.node("a1").cordoned, "nothing has begun");
    world.fleet.removed = Err("forbidden".to_owned());
    world.run(60);
    let why = world.why("stores", "a1");
    assert!(
        why.contains("does not say which APIs are asked for (forbidden)"),
        "{why}"
    );
    let (wake, now) = (world.step().wake, world.now);
    let soon = now + std::time::Duration::from_secs(10);
    assert!(wake.is_some_and(|wake| wake <= soon), "{wake:?} at {now}");
    world.fleet.upgrades[0].spec.allow_removed_apis = true;
    world.run(300);
    assert_eq!(world.state("stores"), "Complete 1/1: ");

    let mut world = World::of(&["a1"]);
    world.fleet.removed = Ok(asked_for("1.38"));
    world.upgrade("stores", json!({}));
    world.run(300);
    assert_eq!(
        world.state("stores"),
        "Complete 1/1: ",
        "it is there for one more"
    );
}

#[test]
fn an_object_that_was_written_by_an_api_that_goes_is_named() {
    let written = |number: usize| RemovedApi {
        name: format!("servicecidrs c{number:02} of networking.k8s.io/v1beta1 (by helm)"),
        removed_in: "1.37".parse().expect("a minor"),
        seen: Seen::Written,
    };
    let mut world = World::of(&["a1"]);
    world.fleet.removed = Ok((0..12).map(written).collect());
    world.upgrade("stores", json!({}));
    world.run(60);
    let why = world.why("stores", "a1");
    assert!(
        why.starts_with("RemovedApis: Kubernetes 1.37.2 has no more the APIs by which objects were written: servicecidrs c00 of networking.k8s.io/v1beta1 (by helm), servicecidrs c01"),
        "{why}"
    );
    assert!(
        why.contains("c09 of") && why.contains(", and 2 more. Have"),
        "{why}"
    );
    assert!(world.order.is_empty());
    assert!(
        world
            .state("stores")
            .starts_with("Waiting 0/1: a1: Kubernetes 1.37.2 has no more"),
        "{}",
        world.state("stores")
    );
    world.fleet.upgrades[0].spec.allow_removed_apis = true;
    world.run(300);
    assert_eq!(world.state("stores"), "Complete 1/1: ");
}
