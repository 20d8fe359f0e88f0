//! Writes an image to a card or a disk, for one machine: `holdfast flash`.
//!
//! - [`disks`]: the disks of this workstation, and which of them may be written, as a pure judgement over facts of the kernel
//! - [`image`]: an image as it lies on the workstation, packed or not, checked before anything is written
//! - [`card`]: the `config.yaml` of one card: a file, and values of its own from `--set` or from a row of an inventory
//! - [`stick`]: an image with a bundle behind it
//! - [`plan`], [`run`]: the steps of writing as data, and their dumb executor
//!
//! # Flow
//! The image's first megabyte, with the partition table, goes on last: erase the beginning and the end of the disk, write all
//! that follows the first piece, flush, read it back from the device and compare, write the first piece, flush, read it back.
//! `config.yaml` is put into the CONFIG volume in memory before that, so that it is written and compared with the rest.
//!
//! # Guarantees
//! What is wrong with image, configuration or disk is found before a byte is written, as far as reading can tell. A disk that was
//! not written to its end, whatever stopped it, has no partition table: no firmware starts it and nobody takes it for a good one.
//!
//! # Assumptions
//! The device keeps what it said was flushed, and its own cache answers as its cells would.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod aligned;
pub mod card;
mod device;
pub mod disks;
mod execute;
mod failure;
mod feed;
pub mod image;
mod plan;
mod progress;
pub mod stick;
mod target;
mod zeros;

pub use device::{Device, OpenError};
pub use execute::{Done, Job, Open, run};
pub use failure::Failure;
pub use plan::{Step, plan};
pub use progress::{Phase, Watch};
pub use target::{Target, Zeroed};

/// How much is written and compared at once. Cards take no more in one request; small enough that a stop is noticed soon.
pub const PIECE: usize = 4 << 20;
