//! The booted disk: its partition table, kept whole through power cuts, and the slot on it that this kernel belongs to.
//!
//! # Flow
//! [`find`] the disk; then [`settle`] its table: [`read`] both copies, mend a broken copy from the whole one, [`plan`] what
//! the table must become, [`write`] it: the copy at the disk's end, flush, the copy at its beginning, flush.
//!
//! # Guarantees
//! After every prefix of the writes, and with one of them torn, one whole table is found at the next boot, and running
//! the same steps again ends in the same layout. A partition is formatted only while its name says that it never was.

mod efivar;
mod find;
mod guid;
mod layout;
mod role;
#[cfg(test)]
pub(crate) mod samples;
mod scan;
mod settle;
mod slot;
mod store;
mod table;
mod window;
mod write;

pub use efivar::text as efi_text;
pub use find::{Choice, choose};
pub use guid::Guid;
pub use layout::{Change, LayoutError, Plan, format_done, plan};
pub use role::{Role, StatePartition, are_ours};
pub use scan::{Disk, DiskError, disks, partition_names, partition_node};
pub use settle::{Note, SettleError, Settled, settle};
pub use slot::{FoundSlot, SlotError, find_slot};
pub use store::Store;
pub use table::{Copies, Table, TableError, read};
pub use write::{Mending, WriteError, mend, write};
