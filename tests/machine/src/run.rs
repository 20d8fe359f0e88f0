//! What is written down about a started QEMU.

use crate::Ports;
use crate::process::Identity;
use serde::{Deserialize, Serialize};

/// The file in a machine's folder that says which QEMU runs on it, written when it is started.
pub(crate) const RUN: &str = "run.json";
/// What is known about a started QEMU.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) qemu: Identity,
    /// What emulates its TPM, of a machine that has one.
    #[serde(default)]
    pub(crate) tpm: Option<Identity>,
    pub(crate) ports: Ports,
    /// Length of the console's log when QEMU started.
    pub(crate) console_from: u64,
}
