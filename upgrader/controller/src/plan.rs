//! The next steps of all upgrades: facts and the time in, steps and what is to be said out. No effects.

mod drain;
mod gate;
mod member;
mod orphans;
mod status;
mod step;
mod target;
mod turn;

pub(crate) use step::{Plan, Step};

use crate::choose::owners;
use crate::facts::Fleet;
use jiff::Timestamp;
use kube::ResourceExt;
use member::Members;
use std::collections::BTreeMap;
use upgrade_crd::{Upgrade, UpgradeStatus};

/// Decides. Carrying out the steps, in this order, and planning again with what is then known brings every upgrade to its end;
/// each step may fail, and may be done twice.
pub(crate) fn plan(fleet: &Fleet, now: Timestamp) -> Plan {
    let owners = owners(fleet);
    let mut plan = Plan::default();
    for upgrade in &fleet.upgrades {
        let status = one(&mut plan, fleet, &owners, upgrade, now);
        plan.statuses.insert(upgrade.name_any(), status);
    }
    orphans::release(&mut plan, fleet, &owners);
    plan
}

fn one(
    plan: &mut Plan,
    fleet: &Fleet,
    owners: &BTreeMap<String, String>,
    upgrade: &Upgrade,
    now: Timestamp,
) -> UpgradeStatus {
    let mut members = Members::of(fleet, owners, upgrade, now);
    let Some(target) = target::target(&members) else {
        members.ask_for_the_channel(plan);
        return status::without_target(&members);
    };
    members.judge(&target);
    let last_done = status::last_done(&members);
    let gate = gate::gate(plan, &members, last_done);
    let waiting = members.go_on(plan, &gate);
    status::with_target(&members, &target, &gate, waiting, last_done)
}

#[cfg(test)]
mod tests;
