//! What a plan consists of.

use super::event::Told;
use crate::facts::{Cordon, GivenBack};
use jiff::Timestamp;
use std::collections::BTreeMap;
use upgrade_crd::{Drain, NodeUpgradeSpec, UpgradeStatus};

/// Why a node is not moving: a word, and a sentence.
pub(super) type Why = (&'static str, String);

/// What to do now, and what to say.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// By the upgrade's name.
    pub(crate) statuses: BTreeMap<String, UpgradeStatus>,
    /// What is worth an event.
    pub(crate) told: Vec<Told>,
    /// When time alone makes a difference.
    pub(crate) wake: Option<Timestamp>,
}

/// One change in the cluster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// Ask a node for something else than before.
    Ask { node: String, spec: NodeUpgradeSpec },
    /// Keep new pods away from a node, in the name of an upgrade.
    Cordon { node: String, cordon: Cordon },
    /// Move pods away from a node that is cordoned, and see which are left.
    Drain {
        node: String,
        drain: Drain,
        /// When that was.
        since: Timestamp,
    },
    /// Let pods come to a node again that was cordoned here.
    Uncordon { node: String, stays: bool },
    /// Ask a node for nothing any more.
    Forget { node: String },
    /// As `Uncordon`, because it could not be drained in time.
    GiveBack {
        node: String,
        stays: bool,
        given_back: GivenBack,
    },
}

impl Plan {
    /// Whether a node's way begins with this plan.
    pub(super) fn begins(&self, name: &str) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step, Step::Cordon { node, .. } if node == name))
    }

    pub(super) fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }
}
