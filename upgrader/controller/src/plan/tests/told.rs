//! What is told as events: each thing once, and nothing that changes from node to node.

use super::fleet::World;
use crate::plan::{Object, Told};
use serde_json::json;
use std::collections::BTreeSet;

/// All that is told in so many seconds, each once: `REASON OBJECT: NOTE`.
fn told(world: &mut World, seconds: usize) -> Vec<String> {
    let mut occasions = BTreeSet::new();
    let mut lines = Vec::new();
    for _ in 0..seconds {
        for told in world.step().told {
            let about = match &told.about {
                Object::Node(name) => format!("node {name}"),
                Object::Upgrade(name) => format!("upgrade {name}"),
            };
            let Told {
                reason,
                note,
                occasion,
                warning,
                ..
            } = told;
            if occasions.insert((about.clone(), reason.clone(), occasion)) {
                let mark = if warning { "!" } else { "" };
                lines.push(format!("{mark}{reason} {about}: {note}"));
            }
        }
    }
    lines
}

#[test]
fn a_rollout_is_told_node_by_node_and_its_end_once() {
    let mut world = World::of(&["a1", "a2"]);
    world.upgrade("stores", json!({ "strategy": { "delay": "5s" } }));
    let chosen = "Upgrade stores has it go to release 0.2.0: no pods come to it until it is back";
    let good = "it is good in the release of Upgrade stores, 0.2.0, and keeps it";
    assert_eq!(
        told(&mut world, 400),
        [
            format!("NodeChosen node a1: {chosen}"),
            format!("ReleaseConfirmed node a1: {good}"),
            format!("NodeChosen node a2: {chosen}"),
            format!("ReleaseConfirmed node a2: {good}"),
            "Complete upgrade stores: 2/2 nodes run release 0.2.0 or a newer one".to_owned(),
        ]
    );
}

#[test]
fn what_goes_wrong_is_told_with_the_reason() {
    let mut world = World::of(&["a1", "a2"]);
    world.stuck.insert("a1".to_owned());
    world.bad.insert("a2".to_owned());
    world.upgrade("stores", json!({ "drain": { "timeout": "1m" } }));
    let lines = told(&mut world, 200);
    let warnings: Vec<&String> = lines.iter().filter(|line| line.starts_with('!')).collect();
    let stopped = "the release failed on a2: it panicked. Raise spec.retry to try it again, or name another release";
    assert_eq!(warnings.len(), 4, "{lines:#?}");
    assert_eq!(
        warnings[0],
        "!DrainBlocked node a1: Upgrade stores cannot move its pods away: default/web: budget web"
    );
    assert!(
        warnings[1].starts_with("!GivenBack node a1: Upgrade stores gave it back to its pods: it could not be drained: pods that are still there: 1; default/web: budget web"),
        "{}",
        warnings[1]
    );
    assert_eq!(
        warnings[2],
        "!NodeFailed upgrade stores: release 0.2.0 failed on a2: it panicked"
    );
    assert_eq!(*warnings[3], format!("!Stopped upgrade stores: {stopped}"));
    // What stands is told by whoever leads next, as the same occasion.
    let again: BTreeSet<String> = told(&mut world, 20).into_iter().collect();
    assert!(again.contains(warnings[3]) && again.len() <= 3, "{again:?}");
}

#[test]
fn a_budget_that_is_met_again_soon_is_not_told() {
    let mut world = World::of(&["a1", "a2"]);
    world.stuck.insert("a1".to_owned());
    world.upgrade("stores", json!({}));
    let mut lines = told(&mut world, 32);
    assert!(
        world.why("stores", "a1").contains("budget web"),
        "{}",
        world.why("stores", "a1")
    );
    world.stuck.clear();
    lines.extend(told(&mut world, 200));
    assert!(
        !lines.iter().any(|line| line.contains("DrainBlocked")),
        "{lines:#?}"
    );
}

#[test]
fn why_an_upgrade_waits_is_told_when_it_becomes_so() {
    let mut world = World::of(&["a1"]);
    let windows = json!([{ "start": "12:05", "duration": "1h" }]);
    world.upgrade("stores", json!({ "windows": windows, "paused": true }));
    let paused = told(&mut world, 60);
    assert_eq!(
        paused,
        ["Paused upgrade stores: spec.paused is set: no node begins"]
    );
    world.fleet.upgrades[0].spec.paused = false;
    let lines = told(&mut world, 600);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.contains("upgrade stores"))
            .collect::<Vec<_>>(),
        [
            "Paused upgrade stores: spec.paused is set: no node begins",
            "OutsideWindow upgrade stores: no window is open; the next one opens at 2026-11-28T12:05:00Z",
            "Complete upgrade stores: 1/1 nodes run release 0.2.0 or a newer one",
        ]
    );
}

#[test]
fn of_two_upgrades_the_one_that_has_the_node_tells_of_it() {
    let mut world = World::of(&["a1", "b1"]);
    world.bad.insert("b1".to_owned());
    world.upgrade("all", json!({}));
    let berlin = json!({ "nodeSelector": { "matchLabels": { "site": "b" } } });
    world.upgrade("berlin", berlin);
    let lines = told(&mut world, 200);
    let of_b1: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("NodeFailed") || line.contains("node b1"))
        .collect();
    assert_eq!(
        of_b1,
        [
            "NodeChosen node b1: Upgrade berlin has it go to release 0.2.0: no pods come to it until it is back",
            "!NodeFailed upgrade berlin: release 0.2.0 failed on b1: it panicked",
        ]
    );
}
