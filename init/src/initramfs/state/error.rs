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
}
