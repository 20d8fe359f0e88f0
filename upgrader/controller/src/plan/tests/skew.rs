//! An agent's Kubernetes is never newer than a server's, whatever an upgrade says.

use super::fleet::World;
use crate::facts::NodeFacts;
use proptest::prelude::{prop_assert, proptest};
use serde_json::json;

fn minor(node: &NodeFacts) -> u64 {
    let version = node.kubernetes.as_deref().unwrap_or_default();
    let minor = version.split('.').nth(1).and_then(|it| it.parse().ok());
    minor.expect("a version such as v1.37.2")
}

/// An agent that is newer than a server.
fn broken(world: &World) -> Option<String> {
    let nodes = world.fleet.nodes.iter();
    let (servers, agents): (Vec<_>, Vec<_>) = nodes.partition(|(_, node)| node.server);
    let oldest = servers.iter().map(|(_, node)| minor(node)).min()?;
    let newer = agents.iter().find(|(_, node)| minor(node) > oldest);
    newer.map(|(name, node)| format!("{name} runs {:?}, a server 1.{oldest}", node.kubernetes))
}

/// All that is said of a node in so many seconds, because of versions.
fn said(world: &mut World, upgrade: &str, node: &str, seconds: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..seconds {
        world.step();
        let why = world.why(upgrade, node);
        if why.starts_with("KubernetesSkew") && !all.contains(&why) {
            all.push(why);
        }
    }
    all
}

#[test]
fn agents_wait_for_servers_also_when_the_order_is_by_name() {
    let mut world = World::of(&["a1", "a2", "s1"]);
    world.runs("v1.36.3");
    let strategy = json!({ "order": "name", "maxUnavailable": 2 });
    world.upgrade("stores", json!({ "strategy": strategy }));
    let release = "KubernetesSkew: its release has Kubernetes 1.37.2, and server s1";
    assert_eq!(
        said(&mut world, "stores", "a1", 40),
        [
            format!("{release} runs v1.36.3: an agent's is never newer than a server's"),
            format!(
                "{release} is on its way, and may come back with an older one: agents follow then"
            ),
        ]
    );
    world.run(600);
    assert_eq!(world.order, ["s1", "a1", "a2"]);
    assert_eq!(world.state("stores"), "Complete 3/3: ");
}

#[test]
fn a_selector_of_agents_alone_waits_and_names_the_server() {
    let mut world = World::of(&["a1", "s1", "s2"]);
    world.runs("v1.36.3");
    world.node("s1").kubernetes = Some("v1.37.2".to_owned());
    let agents = json!({ "nodeSelector": { "matchLabels": { "site": "a" } } });
    world.upgrade("agents", agents);
    world.run(120);
    let why = "a1: its release has Kubernetes 1.37.2, and server s2 runs v1.36.3: an agent's is never newer than a server's; spec.nodeSelector leaves s2 out, so give it an Upgrade of its own, or widen the selector";
    assert_eq!(world.state("agents"), format!("Waiting 0/1: {why}"));
    let status = world.fleet.upgrades[0].status.clone().expect("a status");
    let said = status
        .conditions
        .iter()
        .find(|it| it.type_ == "Progressing");
    let said = said.expect("a condition");
    let found = (
        said.status.as_str(),
        said.reason.as_str(),
        said.message.as_str(),
    );
    assert_eq!(found, ("False", "KubernetesSkew", why));
    assert!(world.order.is_empty());
    let servers = json!({ "nodeSelector": { "matchLabels": { "site": "s" } } });
    world.upgrade("servers", servers);
    world.run(600);
    assert_eq!(world.state("agents"), "Complete 1/1: ");
    assert_eq!(world.order.last().map(String::as_str), Some("a1"));
}

#[test]
fn agents_do_not_wait_for_servers_within_one_minor() {
    let mut world = World::of(&["a1", "s1"]);
    world.upgrade("stores", json!({ "strategy": { "order": "name" } }));
    world.run(300);
    assert_eq!(world.order, ["a1", "s1"]);
}

#[test]
fn on_the_way_back_agents_come_first() {
    let mut world = World::of(&["a1", "s1", "s2"]);
    world.kubernetes = "1.36.3".to_owned();
    let spec = json!({ "allowDowngrade": true, "strategy": { "maxUnavailable": 2 } });
    world.upgrade("back", spec);
    let release = "KubernetesSkew: its release has Kubernetes 1.36.3, and agent a1";
    assert_eq!(
        said(&mut world, "back", "s1", 40),
        [
            format!("{release} runs v1.37.2: a server's is never older than an agent's"),
            format!("{release} is on its way, and may come to a newer one: servers follow then"),
        ]
    );
    world.run(600);
    assert_eq!(world.order, ["a1", "s1", "s2"]);
    assert_eq!(world.state("back"), "Complete 3/3: ");
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_agent_is_ever_newer_than_a_server(
        servers in 1..4_usize,
        agents in 1..6_usize,
        most in 1..6_usize,
        by_name in proptest::bool::ANY,
        down in proptest::bool::ANY,
        apart in proptest::bool::ANY,
        bad in proptest::collection::vec(0..9_usize, 0..3),
    ) {
        let names: Vec<String> = (0..servers).map(|n| format!("s{n}"))
            .chain((0..agents).map(|n| format!("a{n}"))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut world = World::of(&names);
        world.bad = bad.iter().filter_map(|n| names.get(*n)).map(|name| (*name).to_owned()).collect();
        let (from, to) = if down { ("v1.37.2", "1.36.3") } else { ("v1.36.3", "1.37.2") };
        world.runs(from);
        world.kubernetes = to.to_owned();
        let order = if by_name { "name" } else { "controlPlaneFirst" };
        let strategy = json!({ "order": order, "maxUnavailable": most, "stopOnFailure": false });
        let sites = if apart { vec![json!("s"), json!("a")] } else { vec![json!(null)] };
        for site in sites {
            let mut spec = json!({ "strategy": strategy, "allowDowngrade": down });
            if site.is_string() {
                spec["nodeSelector"] = json!({ "matchLabels": { "site": site } });
            }
            world.upgrade(&format!("stores-{}", site.as_str().unwrap_or("all")), spec);
        }
        for _ in 0..900 {
            world.step();
            prop_assert!(broken(&world).is_none(), "{:?}", broken(&world));
        }
        if world.bad.is_empty() {
            for (name, node) in &world.fleet.nodes {
                prop_assert!(node.kubernetes.as_deref() == Some(&format!("v{to}")), "{name}: {node:?}");
            }
        }
    }
}
