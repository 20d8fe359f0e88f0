//! The nodes of one upgrade.

use super::drain::later;
use super::target::target;
use crate::choose::{in_order, matches};
use crate::facts::{Fleet, NodeFacts};
use crate::stand::{Aim, Stand, at_least, past, stand};
use jiff::Timestamp;
use kube::ResourceExt;
use semver::Version;
use std::collections::BTreeMap;
use std::time::Duration;
use upgrade_crd::{NodeUpgrade, Upgrade};

/// A release on trial is started so often, and a slow machine takes its time with each.
const TRIES: u32 = 3;
const SLACK: Duration = Duration::from_secs(600);

/// The nodes that an upgrade's selector takes, in their order.
pub(super) struct Members<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) upgrade: &'a Upgrade,
    pub(super) name: String,
    pub(super) list: Vec<Member<'a>>,
    pub(super) now: Timestamp,
}

/// A node that matches.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) node: &'a NodeFacts,
    pub(super) asked: Option<&'a NodeUpgrade>,
    /// The upgrade that has it, if that is another one.
    pub(super) other: Option<&'a str>,
    /// The release that it comes to, if that is known.
    pub(super) target: Option<Version>,
    pub(super) stand: Stand,
}

impl Member<'_> {
    /// Whether it stays cordoned afterwards.
    pub(super) fn stays(&self) -> bool {
        let cordon = self.node.cordon.as_ref();
        cordon.map_or(self.node.cordoned, |cordon| cordon.stays)
    }

    /// The Kubernetes of the release that stands in its spare slot, as far as it has said.
    pub(super) fn staged_kubernetes(&self) -> Option<&str> {
        let status = self.asked.and_then(|asked| asked.status.as_ref());
        status.and_then(|status| status.staged_kubernetes.as_deref())
    }

    /// The release that runs there, as far as it has said.
    fn running(&self) -> &str {
        let status = self.asked.and_then(|asked| asked.status.as_ref());
        status.map_or("", |status| status.running.as_str())
    }
}

impl<'a> Members<'a> {
    pub(super) fn of(
        fleet: &'a Fleet,
        owners: &'a BTreeMap<String, String>,
        upgrade: &'a Upgrade,
        now: Timestamp,
    ) -> Self {
        let name = upgrade.name_any();
        let selector = upgrade.spec.node_selector.as_ref();
        let matching = fleet.nodes.iter();
        let matching = matching.filter(|(_, node)| matches(selector, node));
        let list = in_order(upgrade.spec.strategy.order, matching.collect());
        let member = |(node_name, node): (&'a String, &'a NodeFacts)| {
            let owner = owners.get(node_name).map(String::as_str);
            let asked = fleet.asked.get(node_name);
            Member {
                name: node_name,
                node,
                asked,
                other: owner.filter(|owner| *owner != name),
                target: target(&upgrade.spec, &name, node, asked),
                stand: Stand::Away,
            }
        };
        let mut members = Self {
            list: list.into_iter().map(member).collect(),
            fleet,
            upgrade,
            now,
            name,
        };
        members.judge();
        members
    }

    /// The newest release that one of them comes to.
    pub(super) fn newest(&self) -> Option<Version> {
        let own = self.own().filter_map(|member| member.target.clone());
        own.max()
    }

    fn judge(&mut self) {
        let newest = self.newest();
        for place in 0..self.list.len() {
            self.list[place].stand = self.stand(&self.list[place], newest.as_ref());
        }
    }

    fn stand(&self, member: &Member<'_>, newest: Option<&Version>) -> Stand {
        let Some(target) = &member.target else {
            return match member.node.ready {
                true => Stand::Behind("it has not told yet what its channel has".to_owned()),
                false => Stand::Away,
            };
        };
        let aim = Aim {
            upgrade: &self.name,
            target,
            retry: self.upgrade.spec.retry,
            exactly: self.upgrade.spec.allow_downgrade && self.upgrade.spec.channel.is_none(),
            lost: self.is_lost(member.node),
        };
        match stand(member.node, member.asked, aim) {
            Stand::Done if newest.is_some_and(|newest| !at_least(member.running(), newest)) => {
                Stand::NotGivenOut
            }
            stand => stand,
        }
    }

    /// Whether a node that left for the release should have been back long ago.
    fn is_lost(&self, node: &NodeFacts) -> bool {
        let Some(cordon) = &node.cordon else {
            return false;
        };
        let spec = &self.upgrade.spec;
        let trials = Duration::from(spec.health.deadline) * TRIES;
        let back = later(past(cordon.at, self.now), spec.drain.timeout.into());
        self.now > later(later(back, trials), SLACK)
    }

    /// Those that no other upgrade has.
    pub(super) fn own(&self) -> impl Iterator<Item = &Member<'a>> {
        self.list.iter().filter(|member| member.other.is_none())
    }

    /// The nodes on which the release failed, and why.
    pub(super) fn failed(&self) -> Vec<(&str, &str)> {
        let failed = self.list.iter().filter_map(|member| match &member.stand {
            Stand::Failed(why) => Some((member.name, why.as_str())),
            _ => None,
        });
        failed.collect()
    }

    /// How many stand so.
    pub(super) fn count(&self, is: impl Fn(&Stand) -> bool) -> usize {
        let counted = self.list.iter().filter(|member| is(&member.stand));
        counted.count()
    }
}
