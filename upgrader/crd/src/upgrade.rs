//! `Upgrade`: what a person wants of a fleet.

mod check;
mod drain;
mod health;
mod status;
mod strategy;
mod window;

pub use check::{Check, Workload, WorkloadKind};
pub use drain::Drain;
pub use health::Health;
pub use status::{UpgradeStatus, Waiting};
pub use strategy::{Amount, Canary, Order, Strategy};
pub use window::{Day, TimeOfDay, Window};

use crate::Source;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A release for the nodes that match, and how they come to it.
#[derive(CustomResource, Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "upgrade.holdfast.dev",
    version = "v1alpha1",
    kind = "Upgrade",
    plural = "upgrades",
    status = "UpgradeStatus",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".status.version","description":"the release that the nodes come to"}"#,
    printcolumn = r#"{"name":"Done","type":"string","jsonPath":".status.summary","description":"nodes that run it, of those that match"}"#,
    printcolumn = r#"{"name":"State","type":"string","jsonPath":".status.state","description":"how it stands, in a word"}"#,
    printcolumn = r#"{"name":"Why","type":"string","jsonPath":".status.message","description":"what it waits for, or what went wrong"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.version) != has(self.channel)",
    "message": "say one of `version` and `channel`"
}, {
    "rule": "!has(self.channel) || !has(self.allowDowngrade) || !self.allowDowngrade",
    "message": "`allowDowngrade` needs `version`: a channel only goes on"
}]))]
pub struct UpgradeSpec {
    /// Where the release comes from.
    pub source: Source,
    /// The release, by its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$"),
        length(max = 64)
    )]
    pub version: Option<String>,
    /// The newest release of this channel, now and whenever there is a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"), length(max = 64))]
    pub channel: Option<String>,
    /// Which nodes; all if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<LabelSelector>,
    /// Which node when.
    #[serde(default)]
    pub strategy: Strategy,
    /// When nodes may restart; at any time if there is none. What has begun is finished also when a window closes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub windows: Vec<Window>,
    /// How pods are moved away before a node restarts.
    #[serde(default)]
    pub drain: Drain,
    /// What makes a node that restarted a good one.
    #[serde(default)]
    pub health: Health,
    /// Whether nodes that run a newer release go back to this one, which must have been published as one to go back to. Not for
    /// channels, which only go on.
    #[serde(default)]
    pub allow_downgrade: bool,
    /// Whether nodes take a release whose Kubernetes has APIs no more that are still asked for in the cluster.
    #[serde(default)]
    pub allow_removed_apis: bool,
    /// Whether nodes fetch the release before it is their turn, also outside the windows.
    #[serde(default = "yes")]
    pub prefetch: bool,
    /// Whether no node begins; what has begun is finished.
    #[serde(default)]
    pub paused: bool,
    /// Raise it by one to have nodes on which the release failed try it once more.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub retry: i64,
}

fn yes() -> bool {
    true
}
