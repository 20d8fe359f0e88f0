//! Nodes that no upgrade has any more: it was deleted, or its selector takes them no longer.

use super::step::{Plan, Step};
use crate::facts::Fleet;
use std::collections::BTreeMap;
use upgrade_crd::NodePhase;

/// A node that has begun finishes; then it is given back to its pods, and at last asked for nothing more.
pub(super) fn release(plan: &mut Plan, fleet: &Fleet, owners: &BTreeMap<String, String>) {
    let orphans = fleet.nodes.iter();
    for (name, node) in orphans.filter(|(name, _)| !owners.contains_key(*name)) {
        let asked = fleet.asked.get(name);
        let status = asked.and_then(|asked| asked.status.as_ref());
        let phase = status.map(|status| status.phase);
        if matches!(phase, Some(NodePhase::Restarting | NodePhase::Trial)) {
            continue;
        }
        match &node.cordon {
            Some(cordon) if node.ready => plan.steps.push(Step::Uncordon {
                node: name.clone(),
                stays: cordon.stays,
            }),
            Some(_) => {}
            None if asked.is_some() => plan.steps.push(Step::Forget { node: name.clone() }),
            None => {}
        }
    }
}
