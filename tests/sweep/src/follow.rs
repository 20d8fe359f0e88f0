//! What is followed up by the real code: disks that a cut left, and what became of them. JSON lines between host and guest.

use serde::{Deserialize, Serialize};

/// A disk, as the sectors in which it differs from the first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its number.
    pub number: usize,
    /// Releases that may run at the end, the good one first.
    pub versions: Vec<String>,
    /// Whether all but the good one are ill.
    pub ill: bool,
    /// Where its sectors begin in the file of all sectors, in bytes, and how many there are.
    pub sectors: (u64, usize),
    /// For people.
    pub note: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its number.
    pub number: usize,
    /// The release that runs for good; none if there is none.
    pub runs: Option<String>,
    /// Each boot, and what was wrong.
    pub story: Vec<String>,
}

/// Files of the work folder.
pub const CASES: &str = "cases.jsonl";
/// For each sector: its number (64 bits, little-endian) and its bytes.
pub const SECTORS: &str = "cases.sectors";
/// What the guest writes.
pub const OUTCOMES: &str = "outcomes.jsonl";
/// The disk as it was at first.
pub const BASE: &str = "base.img";
/// In the story of a case whose state partition ext4's own check could not repair: the node comes up in maintenance mode.
pub const STATE_IS_LOST: &str = "state cannot be repaired";
