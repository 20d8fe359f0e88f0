//! What was done about damage of the state partition that could not be repaired without a risk.

use serde::{Deserialize, Serialize};

/// The name of [`StateRepair`] in its folder below [`crate::paths::STATE_REPAIRS`].
pub const STATE_REPAIR_RECORD: &str = "what.json";

/// Written by the initramfs stage on the state partition itself, once it can be used again; stays until a person removes its
/// folder. Read leniently: a newer release may say more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRepair {
    /// When it was found, RFC 3339, by a clock that may not be set yet.
    pub found: String,
    /// What the file system check said.
    pub why: String,
    /// What was done.
    pub what: StateRepairKind,
    /// Undo files, in the order in which they were made: paths on the running node.
    #[serde(default)]
    pub undo: Vec<String>,
    /// How many files the repair could not give their places back; they are in `/state/lost+found`.
    #[serde(default)]
    pub lost_and_found: u64,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateRepairKind {
    /// `e2fsck -y`: data may be lost.
    Repaired,
    /// A new, empty file system.
    Renewed,
    /// Something that a newer release knows.
    #[serde(other)]
    Other,
}
