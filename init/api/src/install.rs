//! How an installation stands.

use crate::Problem;
use serde::{Deserialize, Serialize};

/// [`crate::paths::INSTALL`]: written by `holdfast node install` on a machine that was started from an install stick.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstallState {
    /// What is being done, in words that follow "installing: ".
    pub doing: String,
    /// How much of it is done, in hundredths; none where that is not known.
    #[serde(default)]
    pub percent: Option<u8>,
    /// Why nothing can be installed.
    #[serde(default)]
    pub problem: Option<Problem>,
    /// The system is on the disk, and the machine goes down.
    #[serde(default)]
    pub finished: bool,
}

impl InstallState {
    /// On one line.
    pub fn line(&self) -> String {
        match self.percent {
            Some(percent) => format!("installing: {}, {percent} %", self.doing),
            None => format!("installing: {}", self.doing),
        }
    }
}
