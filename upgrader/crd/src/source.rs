//! Where releases come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A repository of signed releases.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "[has(self.url), has(self.folder), has(self.usb)].filter(said, said).size() == 1",
    "message": "say one of `url`, `folder` and `usb`"
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
    /// A stick with a bundle, plugged into each node when its turn comes: `usb: {}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usb: Option<Usb>,
}

/// A stick, whichever is plugged in: its label is HOLDFAST, and `holdfast bundle` made what is on it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Usb {}

/// Where a node has the release repository of a stick that is plugged in.
pub const STICK_RELEASES: &str = "/run/holdfast/bundle/holdfast/releases";

impl Source {
    /// As the node's upgrader takes it; none if the resource names none.
    pub fn address(&self) -> Option<&str> {
        let stick = self.usb.as_ref().map(|_| STICK_RELEASES);
        self.url.as_deref().or(self.folder.as_deref()).or(stick)
    }
}
