//! What Holdfast puts on a disk, and how it is found there again: for init, the image builder, tests, and whoever writes
//! slots and disks.
//!
//! - [`gpt`]: the partition table: read, planned, written so that a power cut leaves a whole one
//! - [`verity`]: dm-verity hash trees, as `veritysetup` makes them
//! - [`layout`]: the partitions of a Holdfast disk as data, their first boot, and the slot that a kernel belongs to
//!
//! Sectors have 512 or 4096 bytes ([`Sector`]). Nothing here opens a file or asks the clock or for randomness: callers
//! hand in a [`Store`], identities and random bytes, so that the same input always gives the same bytes. To write a slot,
//! stream the root image into its partition's [`gpt::Extent`] and read it back through [`verity::verify`].

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod bytes;
pub mod gpt;
pub mod layout;
mod sector;
mod store;
pub mod verity;

pub use sector::{Geometry, Sector, SectorError};
pub use store::Store;
