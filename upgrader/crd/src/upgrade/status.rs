//! How an upgrade stands.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an upgrade stands, by the controller.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct UpgradeStatus {
    /// The generation of the specification that this is about.
    pub observed_generation: i64,
    /// The release that the nodes come to; of a channel, its newest when that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// In a word: `Waiting`, `Progressing`, `Paused`, `Stopped`, `Complete`.
    pub state: String,
    /// What it waits for, or what went wrong.
    pub message: String,
    /// Nodes that are done, of those that match: `3/5`.
    pub summary: String,
    /// Nodes that match.
    pub matched: u32,
    /// Nodes that run the release or a newer one.
    pub done: u32,
    /// Nodes that are moving: drained, restarting, on trial.
    pub moving: u32,
    /// Nodes on which it failed.
    pub failed: u32,
    /// When the last node was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_done: Option<Time>,
    /// When as many were done as there have to be canaries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canaries_done: Option<Time>,
    /// Why nodes that match are not moving; the first twenty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
    /// `Complete`, `Progressing`, `Degraded`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// Why a node is not moving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The node.
    pub node: String,
    /// In a word, for programs.
    pub reason: String,
    /// For a person, with what to do.
    pub message: String,
}
