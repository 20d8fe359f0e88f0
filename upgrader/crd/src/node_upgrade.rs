//! `NodeUpgrade`: what is asked of one node, and what it says. It has the node's name.

use crate::{Check, Source};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use kube::core::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked of a node: a release, and how far to go with it. The node's upgrader does only what is signed.
#[derive(CustomResource, Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "upgrade.holdfast.dev",
    version = "v1alpha1",
    kind = "NodeUpgrade",
    plural = "nodeupgrades",
    status = "NodeUpgradeStatus",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Running","type":"string","jsonPath":".status.running","description":"the release that runs"}"#,
    printcolumn = r#"{"name":"Wanted","type":"string","jsonPath":".spec.version","description":"the release that is asked for"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase","description":"how far the node is"}"#,
    printcolumn = r#"{"name":"Why","type":"string","jsonPath":".status.message","description":"what it waits for, or what went wrong"}"#,
    printcolumn = r#"{"name":"Upgrade","type":"string","jsonPath":".spec.upgrade","description":"the resource that asks"}"#,
    printcolumn = r#"{"name":"Seen","type":"date","jsonPath":".status.seen","description":"when the node last said something new"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct NodeUpgradeSpec {
    /// The `Upgrade` that asks.
    pub upgrade: String,
    /// Where the release comes from.
    pub source: Source,
    /// The release; none while only the channel is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The channel whose newest release the node shall tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// How far to go.
    pub want: Want,
    /// How long a trial may take, from the kernel's start.
    pub deadline: Duration,
    /// What has to hold beside the node being Ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub checks: Vec<Check>,
    /// Whether to go back to an older release, if it was published as one to go back to.
    #[serde(default)]
    pub allow_downgrade: bool,
    /// A release that failed on the node is tried again when this is greater than the status' `retried`.
    #[serde(default)]
    pub retry: i64,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Want {
    /// Say how it stands, no more.
    #[default]
    Report,
    /// Write the release to the spare slot.
    Stage,
    /// Restart into it, on trial.
    Run,
}

/// How a node stands, by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeUpgradeStatus {
    /// The generation of the specification that this is about.
    pub observed_generation: i64,
    /// The release that runs; it may be on trial.
    pub running: String,
    /// How far the node is with the release that is asked for.
    pub phase: NodePhase,
    /// What it waits for, or what went wrong.
    pub message: String,
    /// How far staging is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// A release that stands whole in the spare slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staged: Option<String>,
    /// Its Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staged_kubernetes: Option<String>,
    /// The newest release of the channel that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// Releases that failed on this node, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Failure>,
    /// The `retry` that was last followed.
    pub retried: i64,
    /// When the node last said something new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Time>,
}

/// How far a node is with the release that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum NodePhase {
    /// It has not said anything yet.
    #[default]
    Unknown,
    /// It has nothing to do.
    Idle,
    /// It runs the release that is asked for, and that is confirmed.
    Done,
    /// It writes it to the spare slot.
    Staging,
    /// It stands in the spare slot.
    Staged,
    /// The node restarts.
    Restarting,
    /// It runs, on trial.
    Trial,
    /// It failed on this node.
    Failed,
    /// The node cannot go on now, and tries again.
    Blocked,
}

/// How far staging is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// What is done now.
    pub step: String,
    /// Of a hundred.
    pub percent: u8,
}

/// The newest release of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// The channel.
    pub channel: String,
    /// The repository that was asked.
    pub source: String,
    /// What it has for this node: a release that the node takes, or the one that runs.
    pub version: String,
}

/// A release that failed on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The release.
    pub version: String,
    /// Why.
    pub why: String,
}
