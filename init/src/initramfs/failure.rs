//! Why the stage cannot go on, with what a person can do.

use super::mounts::MountError;
use super::root::RootError;
use crate::disk::DiskError;
use crate::modules::LoadError;
use disk::gpt::WriteError;
use disk::layout::{LayoutError, SlotError};
use init_api::Problem;
use std::error::Error as _;
use std::io;
use thiserror::Error;

/// The stage cannot go on.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// A mount.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// No modules.
    #[error(transparent)]
    Modules(#[from] LoadError),
    /// A kernel without a root.
    #[error(transparent)]
    Cmdline(#[from] disk::layout::WantedRootError),
    /// The kernel's messages cannot be heard.
    #[error("cannot receive the kernel's messages about devices")]
    Listen(#[source] io::Error),
    /// The disk did not appear.
    #[error("the disk that was booted did not appear within {seconds} s; {seen}")]
    NoDisk {
        /// How long was waited.
        seconds: u64,
        /// What was there instead.
        seen: String,
    },
    /// Two disks could be it.
    #[error("more than one disk could be the one that was booted: {0}")]
    SeveralDisks(String),
    /// The disk cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The table cannot be laid out.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The table cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The kernel keeps its old view of the table.
    #[error("the kernel does not take the new partition table of {disk}")]
    Reread {
        /// Which disk.
        disk: String,
        /// Why.
        source: io::Error,
    },
    /// No slot for this kernel.
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// The root cannot be opened.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The release that was booted had its chance.
    #[error("release {version} {why}; the machine goes back to {good}")]
    TrialOver {
        /// Its version.
        version: String,
        /// Why no more.
        why: String,
        /// The release to go back to.
        good: String,
    },
    /// The last step.
    #[error("cannot change to the root file system: {what}")]
    Switch {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

impl Failure {
    /// For people: what, why, what to do.
    pub(crate) fn problem(&self) -> Problem {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            text.push_str(&format!("\n  because: {cause}"));
            source = cause.source();
        }
        Problem::new("This system cannot be started", text, self.cure())
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::NoDisk { .. } => {
                "Check the disk's cable or card. If the list above lacks the disk, its driver is not in this image: use the image \
                 of the right board."
            }
            Self::SeveralDisks(_) => {
                "Disconnect all but one of these disks. Two disks flashed with one image cannot be told apart until each \
                 was booted once."
            }
            Self::TrialOver { .. } => {
                "Nothing: the next boot is that of the last good release. `holdfast upgrade status` says there what went wrong."
            }
            Self::Layout(_) => "Flash the image to a disk of at least 4 GB.",
            Self::Slot(_) | Self::Root(_) => {
                "If there is another slot, it is tried next. Otherwise flash the image again; copy config.yaml from the CONFIG \
                 partition first."
            }
            Self::Write(_) | Self::Disk(_) | Self::Reread { .. } => {
                "The disk may be broken or write-protected: check the card's switch, or try another disk."
            }
            Self::Mount(_)
            | Self::Modules(_)
            | Self::Cmdline(_)
            | Self::Listen(_)
            | Self::Switch { .. } => "The image is damaged or was changed: flash it again.",
        }
    }
}
