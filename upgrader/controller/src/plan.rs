//! The next steps of all upgrades: facts and the time in, steps and what is to be said out. No effects.

mod drain;
mod event;
mod failures;
mod gate;
mod member;
mod obstacle;
mod orphans;
mod shut;
mod skew;
mod status;
mod step;
mod target;
mod times;
mod told;
mod turn;

pub(crate) use drain::PACE;
pub(crate) use event::{Object, Told};
pub(crate) use step::{Plan, Step};

use crate::choose::owners;
use crate::facts::Fleet;
use jiff::Timestamp;
use kube::ResourceExt;
use member::Members;
use std::collections::BTreeMap;
use times::Times;
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
    let members = Members::of(fleet, owners, upgrade, now);
    let times = Times::of(&members);
    let gate = gate::gate(plan, &members, &times);
    let waiting = members.go_on(plan, &gate);
    members.tell(plan);
    status::status(&members, &gate, waiting, &times)
}

#[cfg(test)]
mod tests;
