//! GUID partition tables for disk images.
//!
//! A [`Table`] is laid out by [`Table::plan`], put on an image by [`write`], and read back from
//! anything by [`read`], which checks both copies and never trusts a field before its checksum.
//!
//! Flow of a write: backup entries, backup header, flush, primary entries, primary header,
//! protective MBR. Cut anywhere, one of the two copies is whole.

mod dump;
mod format;
mod plan;
mod reader;
mod table;
#[cfg(test)]
mod tests;
mod writer;

pub use plan::{NewPartition, PlanError};
pub use reader::{Damage, Found, ReadError, read};
pub use table::{Partition, Table, derive_guid, types};
pub use uuid::Uuid;
pub use writer::{WriteError, write};

/// Every partition starts at a multiple of this many bytes, which fits flash erase blocks.
pub const ALIGNMENT: u64 = 1024 * 1024;

/// The sector size of every image this project makes, in bytes.
pub const SECTOR: u64 = 512;
