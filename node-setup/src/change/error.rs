//! Why a change was not made.

use crate::policy::NotVouched;
use init_api::{FileError, Problem};
use os_config::Report;
use std::io;

/// The file before the last change, for people.
pub(super) const PREVIOUS: &str = "/var/lib/holdfast/config/previous.yaml";

/// A change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The new text is not right.
    #[error("the file is not right; nothing was changed\n\n{0}")]
    NotRight(Report),
    /// The image asks for a signature that it does not have.
    #[error("the file is not believed, and nothing was changed: {0}")]
    NotVouched(#[from] NotVouched),
    /// It asks for an installation that must not be.
    #[error("{}; nothing was changed\n{}\n{}", .0.title, .0.text, .0.cure)]
    Install(Problem),
    /// There is no CONFIG partition to write to.
    #[error("{}: {}\n{}", .0.title, .0.text, .0.cure)]
    NoPartition(Problem),
    /// The old text could not be kept.
    #[error("could not keep the old file as {PREVIOUS}; nothing was changed")]
    Previous(#[source] io::Error),
    /// The partition could not be written.
    #[error("could not write config.yaml to the CONFIG partition; the old one is unchanged")]
    Write(#[source] io::Error),
    /// The sticks that are missing could not be given up.
    #[error(
        "config.yaml is written, but the number of this node's USB sticks could not be recorded"
    )]
    Sticks(#[source] FileError),
    /// The trial could not be begun or ended.
    #[error("could not change the trial's files in /run/holdfast")]
    Trial(#[source] io::Error),
    /// Nothing is on trial.
    #[error("no configuration is on trial: it was confirmed already, or went back by itself")]
    NoTrial,
}
