//! The node as Kubernetes sees it, told by the keeper.

use crate::Problem;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What stands where a node's addresses would, when it has none: on the console page and in `holdfast status`.
pub const NO_ADDRESS: &str =
    "none that others can reach: look at cable, DHCP and network in config.yaml";

/// `/run/holdfast/node.json`: for the console page and `holdfast status`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeState {
    /// The node's name in the cluster.
    pub name: String,
    /// Whether the node's `Ready` condition is `True`.
    pub ready: bool,
    /// The condition's reason and message, or what the keeper knows before the API answers.
    #[serde(default)]
    pub reason: String,
    /// The node's addresses, the one that Kubernetes uses first.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// What is waited for, each in a few words; empty when nothing is.
    #[serde(default)]
    pub waiting_for: Vec<String>,
    /// Something that a person has to mend while the node runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl NodeState {
    /// The reason why it is not ready, to stand behind words that say so; none where none is known.
    pub fn why_not_ready(&self) -> Option<String> {
        let reason = self.reason.trim();
        (!self.ready && !reason.is_empty()).then(|| format!(": {reason}"))
    }
}
