//! The machine's own logs, and the disk that state is on.

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

/// The disk that everything that lasts is on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawState {
    /// What a boot does when the file system of the state partition has damage that cannot be repaired without a risk: `repair`
    /// (`e2fsck -y`, with what it overwrites kept in an undo file where there is room), `stop` (maintenance mode, until a person
    /// has repaired it), or `renew` (an empty file system: the node begins again).
    #[schemars(extend("default" = "repair", "enum" = ["repair", "stop", "renew"]))]
    pub(crate) when_damaged: Option<String>,
}
