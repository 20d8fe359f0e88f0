use super::clash;
use crate::facts::{Cordon, Fleet, NodeFacts};
use crate::plan::{Plan, Step};
use kube::ResourceExt;
use upgrade_crd::{NodePhase, NodeUpgrade, NodeUpgradeSpec, NodeUpgradeStatus, Source, Want};

/// What another node does.
#[derive(Debug, Clone, Copy)]
enum Does {
    Stands,
    Away,
    /// It is cordoned for an upgrade.
    Drains,
    /// It begins with the same plan.
    Begins,
    Tries,
}

fn cordon() -> Cordon {
    Cordon {
        upgrade: "other".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
        stays: false,
    }
}

fn node(server: bool, kubernetes: &str, does: Does) -> NodeFacts {
    NodeFacts {
        server,
        ready: !matches!(does, Does::Away | Does::Tries),
        kubernetes: (!kubernetes.is_empty()).then(|| kubernetes.to_owned()),
        cordon: matches!(does, Does::Drains).then(cordon),
        ..NodeFacts::default()
    }
}

fn on_trial(name: &str) -> NodeUpgrade {
    let spec = NodeUpgradeSpec {
        upgrade: "other".to_owned(),
        source: Source::default(),
        version: None,
        channel: None,
        want: Want::Run,
        deadline: std::time::Duration::from_secs(60).into(),
        checks: Vec::new(),
        allow_downgrade: false,
        retry: 0,
    };
    let mut asked = NodeUpgrade::new(name, spec);
    asked.status = Some(NodeUpgradeStatus {
        phase: NodePhase::Trial,
        ..NodeUpgradeStatus::default()
    });
    asked
}

const AGENT: bool = false;
const SERVER: bool = true;

#[test]
fn which_versions_go_together() {
    use Does::{Away, Begins, Drains, Stands, Tries};
    // What the node is, runs and is to have; what the other is, runs and does; why not.
    let table = [
        (
            SERVER,
            "v1.37.2",
            "1.36.3",
            AGENT,
            "v1.36.3",
            Begins,
            "is on its way",
        ),
        (
            AGENT,
            "v1.36.3",
            "1.37.2",
            SERVER,
            "v1.37.0",
            Begins,
            "is on its way",
        ),
        (
            AGENT,
            "v1.36.3",
            "1.37.2",
            SERVER,
            "v1.36.3",
            Stands,
            "runs v1.36.3: an agent's is never newer",
        ),
        (
            AGENT,
            "v1.36.3",
            "1.37.2",
            SERVER,
            "v1.36.3",
            Away,
            "runs v1.36.3: an agent's is never newer",
        ),
        (AGENT, "v1.36.3", "1.37.2", SERVER, "v1.37.0", Stands, ""),
        (AGENT, "v1.36.3", "1.37.2", SERVER, "v1.37.0", Away, ""),
        (
            AGENT,
            "v1.36.3",
            "1.37.2",
            SERVER,
            "v1.37.0",
            Drains,
            "is on its way",
        ),
        (
            AGENT,
            "v1.36.3",
            "1.37.2",
            SERVER,
            "v1.37.0",
            Tries,
            "is on its way",
        ),
        (AGENT, "v1.37.0", "1.37.2", SERVER, "v1.37.0", Tries, ""),
        (
            AGENT,
            "v1.36.3",
            "1.37.2",
            SERVER,
            "",
            Stands,
            "has not said yet",
        ),
        (AGENT, "v1.36.3", "1.37.2", SERVER, "v1.38.1", Stands, ""),
        (AGENT, "v1.36.3", "1.35.2", SERVER, "v1.38.1", Stands, ""),
        (
            AGENT,
            "v1.36.3",
            "1.35.2",
            SERVER,
            "v1.39.1",
            Stands,
            "3 minor releases behind",
        ),
        (
            AGENT,
            "v1.36.3",
            "1.37.2",
            SERVER,
            "v2.0.0",
            Stands,
            "3 minor releases behind",
        ),
        (AGENT, "v1.36.3", "1.37.2", AGENT, "v1.30.0", Stands, ""),
        (
            AGENT,
            "v1.37.0",
            "1.37.2",
            SERVER,
            "v1.36.3",
            Stands,
            "runs v1.36.3: an agent's is never newer",
        ),
        (SERVER, "v1.36.3", "1.37.2", SERVER, "v1.36.3", Stands, ""),
        (
            SERVER,
            "v1.37.2",
            "1.38.0",
            SERVER,
            "v1.36.3",
            Stands,
            "1 minor release apart",
        ),
        (
            SERVER,
            "v1.37.2",
            "1.36.0",
            SERVER,
            "v1.38.0",
            Away,
            "1 minor release apart",
        ),
        (SERVER, "v1.37.2", "1.38.0", SERVER, "", Away, ""),
        (
            SERVER,
            "v1.37.2",
            "1.36.3",
            AGENT,
            "v1.37.2",
            Stands,
            "runs v1.37.2: a server's is never older",
        ),
        (
            SERVER,
            "v1.37.2",
            "1.36.3",
            AGENT,
            "v1.37.2",
            Away,
            "runs v1.37.2: a server's is never older",
        ),
        (SERVER, "v1.37.2", "1.36.3", AGENT, "v1.36.3", Stands, ""),
        (
            SERVER,
            "v1.37.2",
            "1.36.3",
            AGENT,
            "v1.36.3",
            Drains,
            "is on its way",
        ),
        (
            SERVER,
            "v1.37.2",
            "1.36.3",
            AGENT,
            "v1.36.3",
            Tries,
            "is on its way",
        ),
        (SERVER, "v1.36.3", "1.37.2", AGENT, "v1.36.3", Drains, ""),
        (SERVER, "v1.36.3", "1.37.2", AGENT, "v1.34.0", Stands, ""),
        (
            SERVER,
            "v1.36.3",
            "1.37.2",
            AGENT,
            "v1.33.0",
            Stands,
            "3 minor releases behind",
        ),
        (SERVER, "v1.36.3", "1.37.2", AGENT, "v1.33.0", Away, ""),
        (SERVER, "v1.36.3", "1.37.2", AGENT, "", Away, ""),
        (SERVER, "v1.36.3", "unknown", AGENT, "v1.37.0", Stands, ""),
    ];
    for (server, runs, wanted, other_server, other_runs, does, expected) in table {
        let own = node(server, runs, Stands);
        let mut fleet = Fleet::default();
        fleet.nodes.insert("me".to_owned(), own.clone());
        fleet
            .nodes
            .insert("it".to_owned(), node(other_server, other_runs, does));
        if matches!(does, Tries) {
            let asked = on_trial("it");
            fleet.asked.insert(asked.name_any(), asked);
        }
        let mut plan = Plan::default();
        if matches!(does, Begins) {
            plan.steps.push(Step::Cordon {
                node: "it".to_owned(),
                cordon: cordon(),
            });
        }
        let found = clash(&fleet, &plan, ("me", &own), wanted);
        let name = format!("{server} {runs} to {wanted}, {other_server} {other_runs} {does:?}");
        match (expected, found) {
            ("", None) => {}
            ("", Some(found)) => panic!("{name}: {found:?}"),
            (_, None) => panic!("{name}: nothing, not {expected}"),
            (_, Some(found)) => {
                assert_eq!(found.with, "it");
                let kind = if other_server { "server" } else { "agent" };
                assert!(
                    found.why.starts_with(&format!("{kind} it ")),
                    "{name}: {}",
                    found.why
                );
                assert!(found.why.contains(expected), "{name}: {}", found.why);
            }
        }
    }
}
