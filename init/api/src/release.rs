//! What the running image is.

use serde::{Deserialize, Serialize};

/// `/usr/lib/holdfast/release.json`, and `/etc/holdfast-release.json` in the initramfs. The image builder writes it and
/// may add keys, so unknown ones are allowed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The release's version.
    pub version: String,
    /// When it was built, seconds since 1970: no clock may stand before that.
    pub build_time: u64,
    /// The version of Kubernetes in it, such as `v1.36.3`; images of before this was written do not say.
    #[serde(default)]
    pub kubernetes: Option<String>,
}
