//! A Holdfast disk: its partitions as data ([`LAYOUT`]), what its table must become at a boot, and the slot on it that a
//! kernel belongs to.
//!
//! # Flow
//! An image has the partitions of [`image_partitions`]. At every boot [`complete`] reads both copies of the table, repairs
//! a broken one from the whole one, plans what the table must become ([`plan`]) and writes that; [`find_slot`] finds the
//! root.
//!
//! # Guarantees
//! After every prefix of the writes, and with one of them torn, one whole table is found at the next boot, and running
//! the same steps again ends in the same layout. A partition is formatted only while its name says that it never was.

mod complete;
mod encryption;
mod first_boot;
mod partitions;
mod reset;
mod roles;
mod slot;
#[cfg(test)]
mod small_table;
mod wanted_root;
mod when_damaged;

pub use complete::{CompleteError, Completed, Note, complete};
pub use first_boot::{Change, LayoutError, Plan, format_done, plan};
pub use partitions::{
    LAYOUT, MadeBy, PartitionRole, Place, STATE_UNFORMATTED, Size, Type, image_partitions,
    image_partitions_with_slot_boots, installed_partitions,
};
pub use reset::Reset;
pub use roles::{StatePartition, is_holdfast};
pub use slot::{FoundSlot, Slot, SlotError, find_slot};
pub use wanted_root::{END_OF_SIGNED, MAINTENANCE, MAINTENANCE_ENTRY, WantedRoot, WantedRootError};
pub use when_damaged::WhenDamaged;
