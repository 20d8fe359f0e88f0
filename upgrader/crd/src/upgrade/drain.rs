//! How pods are moved away.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time;

/// How pods are moved away before a node restarts. As `kubectl drain` does it: pods of DaemonSets and pods that the node itself
/// makes stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Drain {
    /// Whether pods are moved away at all. If not, they end with the node's restart, each with its own grace.
    pub enabled: bool,
    /// How long it may take. Then the node is given back, and its turn comes again later. The pods of the only node of a cluster
    /// can go nowhere: they end with its restart.
    #[schemars(schema_with = "crate::span::schema")]
    pub timeout: Duration,
    /// Seconds that each pod has to end; -1 leaves it to the pod.
    #[schemars(range(min = -1))]
    pub grace_period_seconds: i64,
    /// Whether pods with `emptyDir` volumes go, which are lost with them.
    pub delete_empty_dir_data: bool,
    /// Whether pods go that nothing makes anew elsewhere.
    pub force: bool,
    /// Which pods; all if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            enabled: true,
            timeout: Duration::from(time::Duration::from_secs(300)),
            grace_period_seconds: -1,
            delete_empty_dir_data: true,
            force: false,
            pod_selector: None,
        }
    }
}
