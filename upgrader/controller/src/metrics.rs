//! How the upgrades stand, as numbers for a monitoring system: `GET /metrics`, in the OpenMetrics format.

mod serve;

pub(crate) use serve::serve;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use upgrade_crd::UpgradeStatus;

/// Of an upgrade, and of what else the number is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    upgrade: String,
    /// `done`, `moving`, `failed` or `matched`; a state; or a reason.
    is: String,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    result: &'static str,
}

/// The numbers.
pub(crate) struct Metrics {
    registry: Registry,
    nodes: Family<Labels, Gauge>,
    state: Family<Labels, Gauge>,
    waiting: Family<Labels, Gauge>,
    steps: Family<Ended, Counter>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("holdfast_upgrade");
        let (nodes, state, waiting) = (Family::default(), Family::default(), Family::default());
        let steps = Family::<Ended, Counter>::default();
        registry.register(
            "nodes",
            "Nodes of an upgrade: those that match, and of them those that are done, moving, or on which it failed",
            nodes.clone(),
        );
        registry.register(
            "state",
            "1 for the state that an upgrade is in",
            state.clone(),
        );
        registry.register(
            "waiting_nodes",
            "Nodes that are not moving, by the reason; of the first twenty that are named",
            waiting.clone(),
        );
        registry.register("steps", "Steps that were carried out", steps.clone());
        Self {
            registry,
            nodes,
            state,
            waiting,
            steps,
        }
    }

    /// Takes in how all upgrades stand; one that is gone has no numbers any more.
    pub(crate) fn stand(&self, statuses: &BTreeMap<String, UpgradeStatus>) {
        for family in [&self.nodes, &self.state, &self.waiting] {
            family.clear();
        }
        for (upgrade, status) in statuses {
            let labels = |is: &str| Labels {
                upgrade: upgrade.clone(),
                is: is.to_owned(),
            };
            for (is, count) in [
                ("matched", status.matched),
                ("done", status.done),
                ("moving", status.moving),
                ("failed", status.failed),
            ] {
                self.nodes.get_or_create(&labels(is)).set(count.into());
            }
            self.state.get_or_create(&labels(&status.state)).set(1);
            for waiting in &status.waiting {
                self.waiting.get_or_create(&labels(&waiting.reason)).inc();
            }
        }
    }

    /// Counts a step.
    pub(crate) fn step(&self, well: bool) {
        let result = if well { "done" } else { "failed" };
        self.steps.get_or_create(&Ended { result }).inc();
    }

    /// All of it, as text.
    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;
    use std::collections::BTreeMap;
    use upgrade_crd::{UpgradeStatus, Waiting};

    #[test]
    fn an_upgrade_has_numbers_for_as_long_as_it_is_there() {
        let waiting = |node: &str| Waiting {
            node: node.to_owned(),
            reason: "Draining".to_owned(),
            message: String::new(),
        };
        let status = UpgradeStatus {
            matched: 3,
            done: 1,
            moving: 2,
            state: "Progressing".to_owned(),
            waiting: vec![waiting("a"), waiting("b")],
            ..UpgradeStatus::default()
        };
        let metrics = Metrics::new();
        metrics.step(true);
        metrics.stand(&BTreeMap::from([("stores".to_owned(), status)]));
        let text = metrics.text();
        for line in [
            r#"holdfast_upgrade_nodes{upgrade="stores",is="done"} 1"#,
            r#"holdfast_upgrade_nodes{upgrade="stores",is="matched"} 3"#,
            r#"holdfast_upgrade_state{upgrade="stores",is="Progressing"} 1"#,
            r#"holdfast_upgrade_waiting_nodes{upgrade="stores",is="Draining"} 2"#,
            r#"holdfast_upgrade_steps_total{result="done"} 1"#,
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        metrics.stand(&BTreeMap::new());
        assert!(!metrics.text().contains("stores"));
    }
}
