//! Where releases come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A repository of signed releases.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.url) != has(self.folder)",
    "message": "say one of `url` and `folder`"
}]))]
pub struct Source {
    /// Where a web server has it: `https://…` or `http://…`. Its content is signed either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://[^\s]+$"), length(max = 2048))]
    pub url: Option<String>,
    /// A folder on each node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^/[^\s]*$"), length(max = 1024))]
    pub folder: Option<String>,
}

impl Source {
    /// As the node's upgrader takes it; none if the resource names none.
    pub fn address(&self) -> Option<&str> {
        self.url.as_deref().or(self.folder.as_deref())
    }
}
