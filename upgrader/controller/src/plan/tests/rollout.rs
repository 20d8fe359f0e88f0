//! Upgrades that go through, or stop where they should.

use super::fleet::World;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use serde_json::json;
use upgrade_crd::Amount;

#[test]
fn one_node_alone_is_upgraded_and_given_back() {
    let mut world = World::of(&["s1"]);
    world.stuck.insert("s1".to_owned());
    world.upgrade("stores", json!({}));
    world.run(120);
    assert_eq!(world.state("stores"), "Complete 1/1: ");
    assert_eq!(world.running("s1"), "0.2.0");
    assert!(!world.node("s1").cordoned && world.node("s1").cordon.is_none());
    assert!(world.step().steps.is_empty(), "at its end nothing is done");
}

#[test]
fn servers_come_first_and_one_after_the_other() {
    let mut world = World::of(&["a1", "a2", "s1", "s2"]);
    world.upgrade("stores", json!({}));
    world.run(600);
    assert_eq!(world.state("stores"), "Complete 4/4: ");
    assert_eq!(world.order, ["s1", "s2", "a1", "a2"]);
    assert_eq!(world.most_away, 1);
}

#[test]
fn a_failure_stops_the_others_until_it_is_retried() {
    let mut world = World::of(&["a1", "a2", "a3"]);
    world.bad.insert("a2".to_owned());
    world.upgrade("stores", json!({}));
    world.run(600);
    assert_eq!(
        world.state("stores"),
        "Stopped 1/3: the release failed on a2: it panicked. Raise spec.retry to try it again, or name another release"
    );
    assert_eq!(world.order, ["a1", "a2"]);
    assert!(
        !world.node("a2").cordoned,
        "it is back in its old release, and takes pods"
    );
    world.bad.clear();
    world.fleet.upgrades[0].spec.retry = 1;
    world.run(600);
    assert_eq!(world.state("stores"), "Complete 3/3: ");
}

#[test]
fn without_stop_on_failure_the_others_go_on_but_not_past_a_canary() {
    let mut world = World::of(&["a1", "a2", "a3"]);
    world.bad.insert("a1".to_owned());
    world.upgrade("stores", json!({ "strategy": { "stopOnFailure": false } }));
    world.run(600);
    assert_eq!(world.order, ["a1", "a2", "a3"]);
    assert!(
        world
            .state("stores")
            .starts_with("Progressing 2/3: a1: it panicked"),
        "{}",
        world.state("stores")
    );
    let degraded = world.fleet.upgrades[0]
        .status
        .clone()
        .expect("a status")
        .conditions;
    let degraded = degraded
        .iter()
        .find(|condition| condition.type_ == "Degraded")
        .expect("a condition");
    assert_eq!(
        (degraded.status.as_str(), degraded.message.as_str()),
        ("True", "the release failed on a1: it panicked")
    );

    let mut world = World::of(&["a1", "a2", "a3"]);
    world.bad.insert("a1".to_owned());
    world.upgrade(
        "stores",
        json!({ "strategy": { "stopOnFailure": false, "canary": { "nodes": 1 } } }),
    );
    world.run(600);
    assert_eq!(world.order, ["a1"]);
    assert!(
        world.state("stores").starts_with("Stopped 0/3"),
        "{}",
        world.state("stores")
    );
}

#[test]
fn so_many_may_fail_and_one_more_stops_the_others() {
    let names = ["a1", "a2", "a3", "a4", "a5"];
    for (written, bears) in [
        (json!(0), 0),
        (json!(1), 1),
        (json!("40%"), 2),
        (json!("19%"), 0),
    ] {
        let mut world = World::of(&names);
        world.bad = names.map(str::to_owned).into();
        world.upgrade("stores", json!({ "strategy": { "maxFailures": written } }));
        world.run(600);
        assert_eq!(world.order, names[..=bears], "{written}");
        let state = world.state("stores");
        let failed = match bears {
            0 => "Stopped 0/5: the release failed on a1: it panicked",
            1 => "Stopped 0/5: the release failed on 2 nodes: a1 (it panicked), a2 (it panicked)",
            _ => {
                "Stopped 0/5: the release failed on 3 nodes: a1 (it panicked), a2 (it panicked), a3 (it panicked)"
            }
        };
        let expected = format!(
            "{failed}; with spec.strategy.maxFailures {bears} may fail. Raise that to go on, raise spec.retry to try it again, or name another release"
        );
        assert_eq!(state, expected, "{written}");
        let last = names[4];
        let why = world.why("stores", last);
        assert!(why.starts_with("Stopped: the release failed on"), "{why}");
    }
}

#[test]
fn as_many_as_may_fail_stop_nobody_and_are_told() {
    let mut world = World::of(&["a1", "a2", "a3", "a4"]);
    world.bad.extend(["a1".to_owned(), "a3".to_owned()]);
    world.upgrade("stores", json!({ "strategy": { "maxFailures": "50%" } }));
    world.run(600);
    assert_eq!(world.order, ["a1", "a2", "a3", "a4"]);
    let status = world.fleet.upgrades[0].status.clone().expect("a status");
    assert_eq!((status.done, status.failed), (2, 2));
    let degraded = status.conditions.iter().find(|it| it.type_ == "Degraded");
    let degraded = degraded.expect("a condition");
    assert_eq!(
        (degraded.reason.as_str(), degraded.message.as_str()),
        (
            "ReleaseFailed",
            "the release failed on 2 nodes: a1 (it panicked), a3 (it panicked); with spec.strategy.maxFailures 2 may fail"
        )
    );
    world.bad.clear();
    world.fleet.upgrades[0].spec.retry = 1;
    world.run(600);
    assert_eq!(world.state("stores"), "Complete 4/4: ");
}

#[test]
fn of_the_canary_nodes_none_may_fail() {
    let mut world = World::of(&["a1", "a2", "a3"]);
    world.bad.insert("a1".to_owned());
    let strategy = json!({ "maxFailures": 2, "canary": { "nodes": 1 } });
    world.upgrade("stores", json!({ "strategy": strategy }));
    world.run(600);
    assert_eq!(world.order, ["a1"]);
    assert_eq!(
        world.state("stores"),
        "Stopped 0/3: the release failed on a1: it panicked. Raise spec.retry to try it again, or name another release"
    );
}

#[test]
fn a_stopped_upgrade_goes_on_when_more_may_fail() {
    let mut world = World::of(&["a1", "a2", "a3"]);
    world.bad.insert("a1".to_owned());
    world.upgrade("stores", json!({}));
    world.run(600);
    assert_eq!(world.order, ["a1"]);
    world.fleet.upgrades[0].spec.strategy.max_failures = Some(Amount::Nodes(1));
    world.run(600);
    assert_eq!(world.order, ["a1", "a2", "a3"]);
}

#[test]
fn the_newest_of_a_channel_and_whatever_comes_after_it() {
    let mut world = World::of(&["a1", "a2"]);
    world.upgrade("stores", json!({ "channel": "stable" }));
    world.step();
    assert_eq!(
        world.state("stores"),
        "Waiting 0/2: no node has told yet what channel \"stable\" has"
    );
    world.run(300);
    assert_eq!(world.state("stores"), "Complete 2/2: ");
    world.offer = "0.3.0".to_owned();
    world.run(300);
    assert_eq!(world.running("a2"), "0.3.0");
    world.offer = "0.2.0".to_owned();
    world.run(10);
    assert_eq!(world.state("stores"), "Complete 2/2: ", "never down");
}

#[test]
fn an_older_release_is_taken_only_where_the_resource_says_so() {
    let mut world = World::of(&["a1", "a2"]);
    world.upgrade("stores", json!({ "version": "0.3.0" }));
    world.run(300);
    assert_eq!(world.running("a2"), "0.3.0");
    world.upgrade("back", json!({ "version": "0.2.0" }));
    world.run(300);
    assert_eq!(world.state("back"), "Complete 2/2: ", "newer is as good");
    assert_eq!(world.running("a2"), "0.3.0");
    let back = json!({ "version": "0.2.0", "allowDowngrade": true });
    world.upgrade("further back", back);
    world.run(300);
    assert_eq!(world.state("further back"), "Complete 2/2: ");
    assert_eq!(world.running("a1"), "0.2.0");
    assert_eq!(world.running("a2"), "0.2.0");
}

#[test]
fn an_upgrade_that_is_deleted_half_way_leaves_no_cordon() {
    for moment in [5, 25, 30, 45] {
        let mut world = World::of(&["a1", "a2"]);
        world.stuck.insert("a1".to_owned());
        world.upgrade("stores", json!({}));
        world.run(moment);
        world.fleet.upgrades.clear();
        world.run(120);
        for node in ["a1", "a2"] {
            assert!(!world.node(node).cordoned, "{node} after {moment} s");
        }
        assert!(world.step().steps.is_empty());
    }
}

#[test]
fn what_somebody_else_cordoned_stays_cordoned() {
    let mut world = World::of(&["a1", "a2"]);
    world.node("a1").cordoned = true;
    world.upgrade("stores", json!({}));
    world.run(300);
    assert_eq!(world.state("stores"), "Complete 2/2: ");
    assert!(world.node("a1").cordoned && world.node("a1").cordon.is_none());
    assert!(!world.node("a2").cordoned);
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() })]

    #[test]
    fn never_more_away_than_may_be_and_always_an_end(
        servers in 0..4_usize,
        agents in 1..12_usize,
        most in 1..5_usize,
        percent in proptest::bool::ANY,
        bad in proptest::collection::vec(0..14_usize, 0..4),
        canary in 0..3_usize,
    ) {
        let names: Vec<String> = (0..servers).map(|n| format!("s{n}"))
            .chain((0..agents).map(|n| format!("a{n}"))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut world = World::of(&names);
        world.bad = bad.iter().filter_map(|n| names.get(*n)).map(|name| (*name).to_owned()).collect();
        let amount = if percent { json!(format!("{}%", most * 10)) } else { json!(most) };
        let allowed = if percent { (names.len() * most / 10).max(1) } else { most };
        let mut strategy = json!({ "maxUnavailable": amount, "stopOnFailure": false, "delay": "3s" });
        if canary > 0 {
            strategy["canary"] = json!({ "nodes": canary, "soak": "30s" });
        }
        world.upgrade("stores", json!({ "strategy": strategy }));
        world.run(1800);
        prop_assert!(world.most_away <= allowed, "{} away, {allowed} allowed", world.most_away);
        prop_assert!(world.step().steps.is_empty());
        let status = world.fleet.upgrades[0].status.clone().expect("a status");
        // Only a canary stops these.
        if status.state != "Stopped" {
            prop_assert_eq!(status.done as usize + world.bad.len(), names.len());
        }
        for (name, node) in &world.fleet.nodes {
            prop_assert!(!node.cordoned, "{} is still cordoned", name);
        }
    }
}
