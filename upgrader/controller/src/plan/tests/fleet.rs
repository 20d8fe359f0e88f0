//! A fleet that does what it is asked.

use crate::facts::{Drained, Fleet, NodeFacts};
use crate::plan::{Plan, Step, plan};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use upgrade_crd::{Failure, NodePhase, NodeUpgrade, NodeUpgradeStatus, Offer, Upgrade, Want};

/// How long a simulated node needs to stage, and to restart.
const STAGING: i64 = 20;
const RESTARTING: i64 = 30;
/// What every release brings, and nodes run from the beginning.
const KUBERNETES: &str = "1.37.2";

pub(super) struct World {
    pub(super) fleet: Fleet,
    pub(super) now: Timestamp,
    /// Nodes on which every release fails.
    pub(super) bad: BTreeSet<String>,
    /// Nodes whose pods do not go.
    pub(super) stuck: BTreeSet<String>,
    /// What every channel offers.
    pub(super) offer: String,
    /// The Kubernetes of every release.
    pub(super) kubernetes: String,
    /// What nodes that restart ran before.
    ran: BTreeMap<String, Option<String>>,
    /// When a node's work is over.
    busy: BTreeMap<String, Timestamp>,
    /// The order in which nodes were cordoned.
    pub(super) order: Vec<String>,
    /// The most nodes that were away at a time.
    pub(super) most_away: usize,
}

impl World {
    /// Nodes in 0.1.0; those whose name begins with `s` are servers.
    pub(super) fn of(names: &[&str]) -> Self {
        let node = |name: &&str| {
            let facts = NodeFacts {
                labels: [("site".to_owned(), name[..1].to_owned())].into(),
                ready: true,
                server: name.starts_with('s'),
                kubernetes: Some(format!("v{KUBERNETES}")),
                ..NodeFacts::default()
            };
            ((*name).to_owned(), facts)
        };
        Self {
            fleet: Fleet {
                nodes: names.iter().map(node).collect(),
                ..Fleet::default()
            },
            // A Saturday.
            now: "2026-11-28T12:00:00Z".parse().expect("a moment"),
            bad: BTreeSet::new(),
            stuck: BTreeSet::new(),
            offer: "0.2.0".to_owned(),
            kubernetes: KUBERNETES.to_owned(),
            ran: BTreeMap::new(),
            busy: BTreeMap::new(),
            order: Vec::new(),
            most_away: 0,
        }
    }

    /// Adds an upgrade; `spec` is what differs from an upgrade to 0.2.0.
    pub(super) fn upgrade(&mut self, name: &str, spec: Value) {
        let mut full = json!({ "source": { "url": "https://releases.example.com" } });
        if spec.get("channel").is_none() {
            full["version"] = json!("0.2.0");
        }
        let fields = full.as_object_mut().expect("an object");
        fields.extend(spec.as_object().expect("an object").clone());
        let mut upgrade =
            Upgrade::new(name, serde_json::from_value(full).expect("a specification"));
        upgrade.metadata.generation = Some(1);
        self.fleet.upgrades.push(upgrade);
    }

    /// Plans, carries out, and lets a second pass.
    pub(super) fn step(&mut self) -> Plan {
        let plan = plan(&self.fleet, self.now);
        for step in plan.steps.clone() {
            self.carry_out(step);
        }
        for upgrade in &mut self.fleet.upgrades {
            upgrade.status = plan.statuses.get(&upgrade.name_any()).cloned();
        }
        self.now = self
            .now
            .checked_add(SignedDuration::from_secs(1))
            .expect("a moment");
        let names: Vec<String> = self.fleet.nodes.keys().cloned().collect();
        for name in names {
            self.live(&name);
        }
        let away = self
            .fleet
            .nodes
            .values()
            .filter(|node| node.cordoned || !node.ready);
        self.most_away = self.most_away.max(away.count());
        plan
    }

    /// All nodes run this Kubernetes.
    pub(super) fn runs(&mut self, kubernetes: &str) {
        for node in self.fleet.nodes.values_mut() {
            node.kubernetes = Some(kubernetes.to_owned());
        }
    }

    pub(super) fn run(&mut self, seconds: usize) {
        for _ in 0..seconds {
            self.step();
        }
    }

    /// `STATE: MESSAGE` of an upgrade.
    pub(super) fn state(&self, name: &str) -> String {
        let upgrade = self
            .fleet
            .upgrades
            .iter()
            .find(|upgrade| upgrade.name_any() == name);
        let status = upgrade
            .and_then(|upgrade| upgrade.status.clone())
            .unwrap_or_default();
        format!("{} {}: {}", status.state, status.summary, status.message)
    }

    /// Why a node is not moving.
    pub(super) fn why(&self, upgrade: &str, node: &str) -> String {
        let upgrade = self
            .fleet
            .upgrades
            .iter()
            .find(|other| other.name_any() == upgrade);
        let status = upgrade
            .and_then(|upgrade| upgrade.status.clone())
            .unwrap_or_default();
        let waiting = status.waiting.iter().find(|waiting| waiting.node == node);
        waiting.map_or_else(String::new, |waiting| {
            format!("{}: {}", waiting.reason, waiting.message)
        })
    }

    pub(super) fn running(&self, node: &str) -> String {
        let status = self
            .fleet
            .asked
            .get(node)
            .and_then(|asked| asked.status.clone());
        status.map_or_else(|| "0.1.0".to_owned(), |status| status.running)
    }

    pub(super) fn node(&mut self, name: &str) -> &mut NodeFacts {
        self.fleet.nodes.get_mut(name).expect("a node")
    }

    fn carry_out(&mut self, step: Step) {
        match step {
            Step::Ask { node, spec } => {
                let asked = self
                    .fleet
                    .asked
                    .entry(node.clone())
                    .or_insert_with(|| NodeUpgrade::new(&node, spec.clone()));
                asked.spec = spec;
                let generation = asked.metadata.generation.unwrap_or(0) + 1;
                asked.metadata.generation = Some(generation);
            }
            Step::Cordon { node, cordon } => {
                self.order.push(node.clone());
                let facts = self.node(&node);
                facts.cordon = Some(cordon);
                facts.cordoned = true;
                facts.given_back = None;
            }
            Step::Drain { node, .. } => {
                let stuck = self.stuck.contains(&node);
                let left = Drained {
                    left: usize::from(stuck),
                    at: self.now,
                    kept_by: if stuck {
                        vec!["default/web: budget web".to_owned()]
                    } else {
                        Vec::new()
                    },
                };
                self.fleet.drains.insert(node, left);
            }
            Step::Uncordon { node, stays } => {
                self.fleet.drains.remove(&node);
                let facts = self.node(&node);
                facts.cordon = None;
                facts.cordoned = stays;
            }
            Step::Forget { node } => {
                self.fleet.asked.remove(&node);
            }
            Step::GiveBack {
                node,
                stays,
                given_back,
            } => {
                self.fleet.drains.remove(&node);
                let facts = self.node(&node);
                facts.cordon = None;
                facts.cordoned = stays;
                facts.given_back = Some(given_back);
            }
        }
    }

    /// A second in the life of a node's upgrader.
    fn live(&mut self, name: &str) {
        let now = self.now;
        let after = |seconds| {
            now.checked_add(SignedDuration::from_secs(seconds))
                .expect("a moment")
        };
        let over = self.busy.get(name).is_none_or(|until| now >= *until);
        let (bad, offer) = (self.bad.contains(name), self.offer.clone());
        let Some(asked) = self.fleet.asked.get_mut(name) else {
            return;
        };
        let facts = self.fleet.nodes.get_mut(name).expect("a node");
        let mut status = asked.status.clone().unwrap_or_else(|| NodeUpgradeStatus {
            running: "0.1.0".to_owned(),
            ..NodeUpgradeStatus::default()
        });
        let wanted = asked.spec.version.clone();
        if !facts.ready && status.phase != NodePhase::Restarting {
            return;
        }
        status.observed_generation = asked.metadata.generation.unwrap_or_default();
        status.offer = asked.spec.channel.clone().map(|channel| Offer {
            channel,
            source: "https://releases.example.com".to_owned(),
            version: offer,
        });
        let failed = status
            .failed
            .iter()
            .any(|failure| Some(&failure.version) == wanted.as_ref());
        match (status.phase, wanted) {
            (NodePhase::Staging, Some(wanted)) if over => {
                status.phase = NodePhase::Staged;
                status.staged = Some(wanted);
                status.staged_kubernetes = Some(self.kubernetes.clone());
            }
            (NodePhase::Restarting, Some(wanted)) if over => {
                facts.ready = true;
                if bad {
                    facts.kubernetes = self.ran.remove(name).flatten();
                    status.phase = NodePhase::Failed;
                    status.failed.push(Failure {
                        version: wanted,
                        why: "it panicked".to_owned(),
                    });
                } else {
                    status.phase = NodePhase::Done;
                    status.running = wanted;
                }
            }
            (NodePhase::Staging | NodePhase::Restarting, _) => {}
            (_, Some(wanted)) if wanted == status.running => status.phase = NodePhase::Done,
            (_, Some(_)) if failed && status.retried >= asked.spec.retry => {
                status.phase = NodePhase::Failed
            }
            (_, Some(wanted))
                if asked.spec.want != Want::Report && status.staged.as_ref() != Some(&wanted) =>
            {
                status.phase = NodePhase::Staging;
                self.busy.insert(name.to_owned(), after(STAGING));
            }
            (_, Some(_)) if asked.spec.want == Want::Run => {
                status.phase = NodePhase::Restarting;
                status.retried = asked.spec.retry;
                facts.ready = false;
                // A kubelet says what it is as soon as it runs, on trial as well.
                let now = Some(format!("v{}", self.kubernetes));
                self.ran.insert(
                    name.to_owned(),
                    std::mem::replace(&mut facts.kubernetes, now),
                );
                self.busy.insert(name.to_owned(), after(RESTARTING));
            }
            (_, Some(wanted)) if status.staged.as_ref() == Some(&wanted) => {
                status.phase = NodePhase::Staged
            }
            _ => status.phase = NodePhase::Idle,
        }
        asked.status = Some(status);
    }
}
