//! What the controller knows when it decides.

use crate::removed::Known;
use jiff::Timestamp;
use std::collections::BTreeMap;
use upgrade_crd::{NodeUpgrade, Upgrade};

/// The fleet, as its API server has it.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    /// The upgrades that are not being deleted, those made first first; made in the same second, by name.
    pub(crate) upgrades: Vec<Upgrade>,
    /// The nodes, by name.
    pub(crate) nodes: BTreeMap<String, NodeFacts>,
    /// What is asked of each node, and what it says.
    pub(crate) asked: BTreeMap<String, NodeUpgrade>,
    /// How far nodes are with being drained.
    pub(crate) drains: BTreeMap<String, Drained>,
    /// APIs that are still needed, and that will be gone.
    pub(crate) removed: Known,
}

impl Default for Fleet {
    fn default() -> Self {
        Fleet {
            upgrades: Vec::new(),
            nodes: BTreeMap::new(),
            asked: BTreeMap::new(),
            drains: BTreeMap::new(),
            removed: Ok(Vec::new()),
        }
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NodeFacts {
    pub(crate) labels: BTreeMap<String, String>,
    /// Its kubelet says that it is Ready, and the cluster still believes it.
    pub(crate) ready: bool,
    /// It is part of the control plane.
    pub(crate) server: bool,
    /// The version of its kubelet, as it said last; also that of its part of the control plane.
    pub(crate) kubernetes: Option<String>,
    /// No new pods go there.
    pub(crate) cordoned: bool,
    /// It was cordoned for an upgrade: for which, and when.
    pub(crate) cordon: Option<Cordon>,
    /// It could not be drained in time: when that was, and what was in the way.
    pub(crate) given_back: Option<GivenBack>,
}

/// A drain that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenBack {
    pub(crate) at: Timestamp,
    pub(crate) why: String,
}

/// A cordon of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cordon {
    /// The upgrade's name.
    pub(crate) upgrade: String,
    pub(crate) at: Timestamp,
    /// Somebody else had cordoned the node before, so it stays cordoned afterwards.
    pub(crate) stays: bool,
}

/// How far a node is with being drained.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Drained {
    /// Pods that have to go and are still there.
    pub(crate) left: usize,
    /// When that was seen.
    pub(crate) at: Timestamp,
    /// What keeps some of them: a budget, or what they would lose.
    pub(crate) kept_by: Vec<String>,
}

const STAYS: &str = " (stays cordoned)";

impl Cordon {
    /// As it stands in the annotation: `NAME at TIME`, and ` (stays cordoned)`.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let short = value.strip_suffix(STAYS);
        let (upgrade, at) = short.unwrap_or(value).split_once(" at ")?;
        Some(Self {
            upgrade: upgrade.to_owned(),
            at: at.parse().ok()?,
            stays: short.is_some(),
        })
    }

    /// The annotation's value.
    pub(crate) fn render(&self) -> String {
        let stays = if self.stays { STAYS } else { "" };
        format!("{} at {}{stays}", self.upgrade, self.at)
    }
}

impl GivenBack {
    /// As it stands in the annotation: `TIME: WHY`.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (at, why) = value.split_once(": ")?;
        Some(Self {
            at: at.parse().ok()?,
            why: why.to_owned(),
        })
    }

    /// The annotation's value.
    pub(crate) fn render(&self) -> String {
        format!("{}: {}", self.at, self.why)
    }
}
