//! GUID partition tables (UEFI 2.10, section 5.3), on sectors of 512 and 4096 bytes.
//!
//! A [`Table`] is laid out by [`Table::plan`], put on a new disk by [`create`] and over an older one by [`write`], and
//! read back from anything by [`read`], which checks both copies and never trusts a field before its checksum.
//!
//! # Flow
//! A write: the copy at the disk's end, flush, the copy at its beginning, flush, the protective MBR, flush.
//!
//! # Guarantees
//! Cut anywhere, one of the two copies is whole. The same table always gives the same bytes. No memory is taken for what
//! a damaged table claims: a copy has at most 1024 entries.

mod copies;
mod decode;
mod dump;
mod encode;
mod format;
mod mbr;
mod plan;
mod table;
#[cfg(test)]
mod tests;
pub mod types;
mod write;

pub use copies::{Copies, ReadError, current, read};
pub use decode::Damage;
pub use plan::{NewPartition, PlanError};
pub use table::{Extent, Partition, Table, derive_guid};
pub use uuid::Uuid;
pub use write::{Repair, WriteError, create, create_hybrid, repair, write};

/// Every partition starts at a multiple of this many bytes, which fits flash erase blocks.
pub const ALIGNMENT: u64 = 1024 * 1024;
