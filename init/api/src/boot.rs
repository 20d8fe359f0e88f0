//! What the initramfs stage found and did, for PID 1 and everyone after it.

use crate::{Millis, Phase};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// `/run/holdfast/boot.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootRecord {
    /// The slot whose root runs.
    pub slot: Slot,
    /// The verity root hash that the root was opened with, as hexadecimal digits.
    pub root_hash: String,
    /// The booted disk's device node.
    pub disk: PathBuf,
    /// Its partitions.
    pub partitions: Partitions,
    /// What became of the state partition at this boot.
    pub state: StateOutcome,
    /// The hardware watchdog that was armed, if the machine has one.
    #[serde(default)]
    pub watchdog: Option<Watchdog>,
    /// The boot loader's name for the entry it started (`LoaderEntrySelected`).
    #[serde(default)]
    pub loader_entry: Option<String>,
    /// The file, with its try counter, that the boot loader started (`LoaderBootCountPath`); none when boots are not
    /// being counted.
    #[serde(default)]
    pub counted_as: Option<String>,
    /// Phases so far.
    pub phases: Vec<Phase>,
}

/// One of the two places for a root image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// Partition `root-a`.
    A,
    /// Partition `root-b`.
    B,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

/// Device nodes of the booted disk's partitions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partitions {
    /// The ESP.
    #[serde(default)]
    pub boot: Option<PathBuf>,
    /// The partition with `config.yaml`; none if someone removed it.
    #[serde(default)]
    pub config: Option<PathBuf>,
    /// The running root.
    #[serde(default)]
    pub root: Option<PathBuf>,
    /// The other root.
    #[serde(default)]
    pub spare_root: Option<PathBuf>,
    /// The state partition.
    #[serde(default)]
    pub state: Option<PathBuf>,
}

/// What became of the state partition at this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateOutcome {
    /// It was made: first boot.
    Created,
    /// It was clean.
    Clean,
    /// The file system check corrected it.
    Repaired,
    /// It cannot be used; memory stands in for it and nothing that is written lasts.
    Unusable,
}

/// A hardware watchdog in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watchdog {
    /// Its device node.
    pub device: PathBuf,
    /// The name that its driver gives.
    pub identity: String,
    /// How long it waits for a sign of life before it resets the machine.
    pub timeout_ms: Millis,
}
