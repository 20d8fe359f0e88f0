//! A release on trial, as the upgrader leaves it for the initramfs stage.

use crate::{HealthCheck, Slot};
use serde::{Deserialize, Serialize};

/// [`crate::paths::TRIAL`]: a release that stands in the spare slot and has to prove itself. The upgrader writes it before the
/// boot loader may start the release, and removes it when the release is confirmed or given up. The initramfs stage of that
/// release counts in it. Two releases read it, so unknown keys are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingTrial {
    /// The release on trial.
    pub release: SlotRelease,
    /// How often it may be started.
    pub tries: u32,
    /// How often it was started; a boot that somebody ended on purpose is not counted.
    #[serde(default)]
    pub attempts: u32,
    /// How many seconds after the kernel's start each of its boots must be confirmed.
    pub deadline_s: u64,
    /// The release to go back to.
    pub good: SlotRelease,
    /// It ran here before, and somebody wants it back.
    #[serde(default)]
    pub rollback: bool,
    /// The node ran by its own configuration when this was asked for, not by the last good one in its place: a release that
    /// refuses it is not taken.
    #[serde(default)]
    pub own_config: bool,
    /// What has to hold beside the node being Ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<HealthCheck>,
}

/// A release in a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRelease {
    /// Its version.
    pub version: String,
    /// The slot with its root image.
    pub slot: Slot,
    /// That image's verity root hash, as hexadecimal digits: no name is believed.
    pub root_hash: String,
    /// Its entry in the boot loader, without a counter: `holdfast_1.2.0.efi`.
    pub entry: String,
    /// The version of Kubernetes in it, such as `1.36.3`; none if whoever wrote this did not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
}
