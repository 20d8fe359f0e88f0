//! The machine's own logs.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where logs are kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawLogs {
    /// Keeps the services' logs on the disk, where they outlast a reboot and wear flash, instead of in memory.
    #[schemars(extend("default" = false))]
    pub(crate) persist: Option<bool>,
}
