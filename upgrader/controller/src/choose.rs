//! Which upgrade has which node, and in which order they come.

use crate::facts::{Fleet, NodeFacts};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::ResourceExt;
use kube::core::{Selector, SelectorExt};
use std::collections::BTreeMap;
use upgrade_crd::{NodePhase, Order, Upgrade};

/// Whether a selector takes a node; one that the API server let through and that means nothing takes none.
pub(crate) fn matches(selector: Option<&LabelSelector>, node: &NodeFacts) -> bool {
    match selector.cloned().map(Selector::try_from) {
        None => true,
        Some(Ok(selector)) => selector.matches(&node.labels),
        Some(Err(_)) => false,
    }
}

/// The upgrade that has each node: of those that match it the one that was made last, but a node on its way stays with the one
/// that sent it.
pub(crate) fn owners(fleet: &Fleet) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for (name, node) in &fleet.nodes {
        let last = fleet
            .upgrades
            .iter()
            .rev()
            .find(|upgrade| matches(upgrade.spec.node_selector.as_ref(), node));
        if let Some(upgrade) = sender(fleet, name, node).or(last) {
            owners.insert(name.clone(), upgrade.name_any());
        }
    }
    owners
}

/// The upgrade that sent a node on its way, if it is still there.
fn sender<'a>(fleet: &'a Fleet, name: &str, node: &NodeFacts) -> Option<&'a Upgrade> {
    let asked = fleet.asked.get(name);
    let on_trial = asked.filter(|asked| {
        let phase = asked.status.as_ref().map(|status| status.phase);
        matches!(phase, Some(NodePhase::Restarting | NodePhase::Trial))
    });
    let cordon = node.cordon.as_ref().map(|cordon| &cordon.upgrade);
    let sender = cordon.or(on_trial.map(|asked| &asked.spec.upgrade))?;
    fleet.upgrades.iter().find(|upgrade| {
        upgrade.name_any() == *sender && matches(upgrade.spec.node_selector.as_ref(), node)
    })
}

/// The nodes in the order in which they come.
pub(crate) fn in_order<'a>(
    order: Order,
    mut nodes: Vec<(&'a String, &'a NodeFacts)>,
) -> Vec<(&'a String, &'a NodeFacts)> {
    nodes.sort_by_key(|(name, node)| {
        let late = match order {
            Order::ControlPlaneFirst => !node.server,
            Order::Name => false,
        };
        (late, *name)
    });
    nodes
}
