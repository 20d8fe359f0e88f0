//! The machine's own screen and logs.

use schemars::JsonSchema;
use serde::Deserialize;

/// The machine's own screen and serial port.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawConsole {
    /// Shows the status page: version, addresses, the node's state, what is wrong.
    #[schemars(extend("default" = true))]
    pub(crate) status_page: Option<bool>,
}

/// Where logs are kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawLogs {
    /// Keeps the services' logs on the disk, where they outlast a reboot and wear flash, instead of in memory.
    #[schemars(extend("default" = false))]
    pub(crate) persist: Option<bool>,
}
