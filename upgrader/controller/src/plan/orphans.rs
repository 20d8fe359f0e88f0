//! Nodes that no upgrade has any more: it was deleted, or its selector takes them no longer.

use super::step::{Plan, Step};
use crate::facts::Fleet;
use std::collections::BTreeMap;
use upgrade_crd::{NodePhase, Want};

/// A node that has begun finishes; then it is given back to its pods, and asked for nothing more.
pub(super) fn release(plan: &mut Plan, fleet: &Fleet, owners: &BTreeMap<String, String>) {
    let orphans = fleet
        .nodes
        .iter()
        .filter(|(name, _)| !owners.contains_key(*name));
    for (name, node) in orphans {
        let asked = fleet.asked.get(name);
        let status = asked.and_then(|asked| asked.status.as_ref());
        let phase = status.map(|status| status.phase);
        if matches!(phase, Some(NodePhase::Restarting | NodePhase::Trial)) {
            continue;
        }
        if let Some(cordon) = node.cordon.as_ref().filter(|_| node.ready) {
            let (node, stays) = (name.clone(), cordon.stays);
            plan.steps.push(Step::Uncordon { node, stays });
        }
        if let Some(asked) = asked.filter(|asked| asked.spec.want != Want::Report) {
            let mut spec = asked.spec.clone();
            spec.want = Want::Report;
            plan.steps.push(Step::Ask {
                node: name.clone(),
                spec,
            });
        }
    }
}
