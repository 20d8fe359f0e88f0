//! Why the state partition cannot be used.

use crate::initramfs::Failure;
use crate::program::ProgramError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// The state partition cannot be used.
#[derive(Debug, Error)]
pub(in crate::initramfs) enum StateError {
    #[error("the kernel knows no state partition on {0}")]
    Partition(PathBuf),
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error("cannot find out the size of {node}")]
    Size { node: PathBuf, source: io::Error },
    #[error("cannot flush {node}")]
    Flush { node: PathBuf, source: io::Error },
    #[error(transparent)]
    Table(Box<Failure>),
    #[error("cannot mount {node}")]
    Mount { node: PathBuf, source: io::Error },
    #[error("its repair did not succeed")]
    Repair,
    #[error("cannot read {node}")]
    Read { node: PathBuf, source: io::Error },
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "the state partition is encrypted, and this machine has no TPM 2.0 that the kernel knows"
    )]
    NoTpm,
    #[error(
        "the state partition shall be encrypted, and this release is not signed for that: its UKI has no PCR policy"
    )]
    NoPolicy,
    #[error("the state partition is encrypted, and the TPM of this machine does not open it")]
    NotOpened(#[source] ProgramError),
    #[error(
        "the state partition shall be encrypted, and the TPM of this machine takes no key for it"
    )]
    NotSealed(#[source] ProgramError),
    #[error("{0} was encrypted, and both copies of what opens it are gone or damaged")]
    HeaderLost(PathBuf),
    #[error("systemd-cryptenroll printed no recovery key")]
    NoRecoveryKey,
    #[error("the kernel does not show the opened state partition")]
    NoDevice,
    #[error(
        "the reset is not done: what is on {device}, config.yaml among it, could not be removed and can still be read from the disk"
    )]
    ConfigKept {
        device: PathBuf,
        source: ProgramError,
    },
    #[error(
        "the reset is not done: what is on the state partition could not be overwritten and can still be read from the disk"
    )]
    NotWiped(#[source] ProgramError),
}

impl StateError {
    /// What a person reads first.
    pub(in crate::initramfs) const fn title(&self) -> &'static str {
        match self {
            Self::ConfigKept { .. } | Self::NotWiped(_) => "The reset is not done",
            _ => "The state partition cannot be used",
        }
    }

    /// What a person can do about it, where that is not what helps a damaged file system.
    pub(in crate::initramfs) fn cure(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotOpened(_) => {
                "Nothing on the disk was changed. If this disk or this mainboard came from another machine, or its TPM was cleared: log in, run \
                 `sudo holdfast unlock`, give it the recovery key, and restart. If a release was installed by hand, it may be signed by other \
                 keys: start the one before. Without the recovery key what is there is lost: `sudo holdfast reset --keep-config --yes` begins anew."
            }
            Self::NoTpm => {
                "Nothing on the disk was changed. Switch the TPM on in the firmware's setup (it may be called PTT or fTPM there) and restart. Where \
                 there is none any more, take `state.encryption` out of config.yaml, restart, and `sudo holdfast reset --keep-config --yes` begins anew \
                 without it."
            }
            Self::NotSealed(_) => {
                "Clear the TPM in the firmware's setup, see that its SHA-256 bank is on, and restart: it is tried again. Where that does not help, \
                 take `state.encryption` out of config.yaml and restart twice: state is made then, in clear."
            }
            Self::NoPolicy => {
                "Install a release whose images were built with `--pcr-key` (see docs/building.md), or take `state.encryption` out of config.yaml \
                 and restart twice: state is made then, in clear."
            }
            Self::HeaderLost(_) => {
                "Without them nobody can read what is there, with the recovery key neither. `sudo holdfast reset --keep-config --yes` begins anew; \
                 a backup brings the node back. If the disk is broken, flash a new one."
            }
            Self::ConfigKept { .. } => {
                "Restart: each start tries it again. If it fails again, the disk is broken or write-protected: replace it, and destroy it if what it \
                 holds is secret. To begin anew with the config.yaml that is there, `sudo holdfast reset --keep-config --yes`, or a file `reset` with \
                 the word keep-config on a USB stick."
            }
            Self::NotWiped(_) => {
                "Restart: each start tries it again. If it fails again, the disk is broken or write-protected: replace it, and destroy it if what it \
                 holds is secret."
            }
            _ => return None,
        })
    }
}
