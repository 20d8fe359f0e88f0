//! Where the files that cross PID 1's border live on a running node.

/// Requests to PID 1, one JSON line each way.
pub const SOCKET: &str = "/run/holdfast/init.sock";
/// [`crate::Services`], written by `holdfast node configure`.
pub const SERVICES: &str = "/run/holdfast/services.json";
/// [`crate::Services`] that PID 1 starts before the configuration is read, as the last good configuration described them;
/// written by `holdfast node configure`.
pub const EARLY_SERVICES: &str = "/var/lib/holdfast/early-services.json";
/// [`crate::Problem`]: why the node is in maintenance mode.
pub const PROBLEM: &str = "/run/holdfast/problem.json";
/// [`crate::Configured`], written by `holdfast node configure`.
pub const CONFIGURED: &str = "/run/holdfast/configured.json";
/// Why what `config_url` names could not be used, as text; gone when it could.
pub const URL_TROUBLE: &str = "/run/holdfast/config-url.txt";
/// [`crate::NodeState`], written by the keeper.
pub const NODE: &str = "/run/holdfast/node.json";
/// [`crate::BootRecord`], written by the initramfs stage.
pub const BOOT: &str = "/run/holdfast/boot.json";
/// Service logs: `<name>.log`, and `<name>.log.1` for what was before it.
pub const LOGS: &str = "/run/log/holdfast";
/// What the image is: version, build time.
pub const RELEASE: &str = "/usr/lib/holdfast/release.json";
/// What must last and is ours.
pub const STATE: &str = "/var/lib/holdfast";
