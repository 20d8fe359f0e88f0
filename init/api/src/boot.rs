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
    /// How the boot loader came to this boot.
    #[serde(default)]
    pub started: Started,
    /// This boot is on trial: the machine goes back unless it is confirmed in time. None for an ordinary boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<BootTrial>,
    /// Phases so far.
    pub phases: Vec<Phase>,
}

/// A boot that [`crate::Request::Commit`] has to confirm. The initramfs stage fills it in for a slot that was written by an
/// upgrade and never confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootTrial {
    /// How many seconds after the kernel's start it must be confirmed at the latest.
    pub deadline_s: u64,
}

/// [`crate::paths::UNCONFIRMED_BOOT`]: how the last trial ended that nobody confirmed. A release on trial writes it and the
/// one before it reads it, so unknown keys are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnconfirmedBoot {
    /// The slot that was on trial.
    pub slot: Slot,
    /// Its verity root hash: which release that was.
    pub root_hash: String,
    /// The version that it said it is.
    pub version: String,
    /// How the trial ended.
    pub why: WhyUnconfirmed,
    /// What was not as it should be then, a line each.
    pub reasons: Vec<String>,
    /// When, since the kernel's start.
    pub at_ms: Millis,
}

/// How a trial ended that nobody confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyUnconfirmed {
    /// Its deadline ran out: the slot failed.
    TimedOut,
    /// Somebody asked for a reboot or switched off before: this says nothing about the slot.
    Interrupted,
}

/// What the boot loader says about this boot, in the same words for every boot loader.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// Its name for the entry that it started; none if it does not say.
    #[serde(default)]
    pub entry: Option<String>,
    /// Whether it counted this boot as a try of that entry.
    #[serde(default)]
    pub attempt: Attempt,
}

/// Whether a boot was counted as a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Attempt {
    /// The entry is known as good, or its boots are not counted.
    #[default]
    NotCounted,
    /// It is on trial: unless it is confirmed, it is started only so many times more.
    Counted {
        /// Tries that are left after this one; none if the boot loader counts and its count cannot be read.
        left: Option<u32>,
    },
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

impl Slot {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
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
    /// Where the kernel decrypts the state partition; none where it is not encrypted, or not opened.
    #[serde(default)]
    pub opened_state: Option<PathBuf>,
}

/// Device nodes of the boot partitions that each slot has for itself, where the firmware starts a kernel by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotBoots {
    /// That of slot A.
    pub a: PathBuf,
    /// That of slot B.
    pub b: PathBuf,
}

/// What became of the state partition at this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateOutcome {
    /// It was made: first boot.
    Created,
    /// It was clean.
    Clean,
    /// The file system check corrected it, which risks nothing.
    Repaired,
    /// It was repaired in a way that may have lost data, as configured.
    RepairedAtRisk,
    /// It was made new and is empty, as configured.
    Renewed,
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

#[cfg(test)]
mod tests {
    use super::{Attempt, Started};

    #[test]
    fn what_was_counted_is_written_in_words_of_our_own() {
        for (attempt, json) in [
            (Attempt::NotCounted, r#""not-counted""#),
            (
                Attempt::Counted { left: Some(2) },
                r#"{"counted":{"left":2}}"#,
            ),
            (
                Attempt::Counted { left: None },
                r#"{"counted":{"left":null}}"#,
            ),
        ] {
            let started = Started {
                entry: Some("holdfast_1.2.0.efi".into()),
                attempt,
            };
            let text = serde_json::to_string(&started).expect("JSON");
            let expected = format!(r#"{{"entry":"holdfast_1.2.0.efi","attempt":{json}}}"#);
            assert_eq!(text, expected);
            let read: Started = serde_json::from_str(&text).expect("the same");
            assert_eq!(read, started);
        }
        assert_eq!(
            serde_json::from_str::<Started>("{}").expect("an older record"),
            Started::default()
        );
    }
}
