//! The nodes of one upgrade.

use crate::choose::{in_order, matches};
use crate::facts::{Fleet, NodeFacts};
use crate::stand::{Stand, stand};
use jiff::Timestamp;
use kube::ResourceExt;
use semver::Version;
use std::collections::BTreeMap;
use upgrade_crd::{NodeUpgrade, Upgrade};

/// The nodes that an upgrade's selector takes, in their order.
pub(super) struct Members<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) upgrade: &'a Upgrade,
    pub(super) name: String,
    pub(super) list: Vec<Member<'a>>,
    pub(super) now: Timestamp,
    /// The release that they come to, once it is known.
    pub(super) target: Option<Version>,
}

/// A node that matches.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) node: &'a NodeFacts,
    pub(super) asked: Option<&'a NodeUpgrade>,
    /// The upgrade that has it, if that is another one.
    pub(super) other: Option<&'a str>,
    pub(super) stand: Stand,
}

impl Member<'_> {
    /// Whether it stays cordoned afterwards.
    pub(super) fn stays(&self) -> bool {
        self.node.cordon.as_ref().is_some_and(|cordon| cordon.stays)
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
        let matching = fleet
            .nodes
            .iter()
            .filter(|(_, node)| matches(selector, node));
        let list = in_order(upgrade.spec.strategy.order, matching.collect());
        let member = |(node_name, node): (&'a String, &'a NodeFacts)| Member {
            name: node_name,
            node,
            asked: fleet.asked.get(node_name),
            other: owners
                .get(node_name)
                .map(String::as_str)
                .filter(|owner| *owner != name),
            stand: Stand::Away,
        };
        Self {
            list: list.into_iter().map(member).collect(),
            fleet,
            upgrade,
            now,
            target: None,
            name,
        }
    }

    /// Says how each stands towards the release.
    pub(super) fn judge(&mut self, target: &Version) {
        for member in &mut self.list {
            let retry = self.upgrade.spec.retry;
            member.stand = stand(member.node, member.asked, &self.name, target, retry);
        }
        self.target = Some(target.clone());
    }

    /// Those that no other upgrade has.
    pub(super) fn own(&self) -> impl Iterator<Item = &Member<'a>> {
        self.list.iter().filter(|member| member.other.is_none())
    }
}
