//! The booted disk: its partition table, kept whole through power cuts, and the slot on it that this kernel belongs to.
//!
//! # Flow
//! [`find`] the disk, [`read`] both copies of its table, mend a broken copy from the whole one, [`plan`] what the table
//! must become, [`write`] it: the copy at the disk's end, flush, the copy at its beginning, flush.
//!
//! # Guarantees
//! After every prefix of the writes, and with one of them torn, one whole table is found at the next boot, and running
//! the same steps again ends in the same layout. A partition is formatted only while its name says that it never was.

mod efivar;
mod find;
mod guid;
mod layout;
mod scan;
mod slot;
mod store;
mod table;
mod write;

pub use efivar::text as efi_text;
pub use find::{Choice, choose};
pub use guid::Guid;
pub use layout::{Change, LayoutError, Plan, Role, format_done, plan};
pub use scan::{Disk, DiskError, disks, partition_node};
pub use slot::{FoundSlot, SlotError, find_slot};
pub use store::Store;
pub use table::{Copies, Table, TableError, read};
pub use write::{WriteError, mend, write};
