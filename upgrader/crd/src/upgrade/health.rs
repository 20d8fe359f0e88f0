//! What makes a node that restarted a good one.

use super::check::Check;
use kube::core::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time;

/// What makes a node that restarted into a release a good one. It has to be Ready, always.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "duration(self.deadline) >= duration('10s') && duration(self.deadline) <= duration('24h')",
    "message": "`deadline` is from 10s to 24h"
}]))]
pub struct Health {
    /// How long after its start the node has for it. Then it goes back to the release before.
    #[schemars(schema_with = "crate::span::schema")]
    pub deadline: Duration,
    /// What else has to hold, all of it at the same time, for as long as the node has to be well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub checks: Vec<Check>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            deadline: Duration::from(time::Duration::from_secs(15 * 60)),
            checks: Vec::new(),
        }
    }
}
