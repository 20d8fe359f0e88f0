//! What has to hold on a node beside its being Ready.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What has to hold. One of the three.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "[has(self.http), has(self.command), has(self.workload)].filter(said, said).size() == 1",
    "message": "say one of `http`, `command` and `workload`"
}]))]
pub struct Check {
    /// The node gets an answer with a status from 200 to 299 from here; certificates are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://[^\s]+$"), length(max = 2048))]
    pub http: Option<String>,
    /// The program of this name in `/etc/holdfast/checks`, which the node's own configuration has put there, ends with 0 within
    /// ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"),
        length(max = 64)
    )]
    pub command: Option<String>,
    /// A workload of the cluster has all the pods that it wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
}

/// A workload of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// What it is.
    pub kind: WorkloadKind,
    /// Its namespace.
    #[serde(default = "default_namespace")]
    #[schemars(regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), length(max = 63))]
    pub namespace: String,
    /// Its name.
    #[schemars(regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"), length(max = 253))]
    pub name: String,
}

fn default_namespace() -> String {
    "default".to_owned()
}

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WorkloadKind {
    /// Pods of a `Deployment`.
    Deployment,
    /// Pods of a `StatefulSet`.
    StatefulSet,
    /// Pods of a `DaemonSet`.
    DaemonSet,
}
