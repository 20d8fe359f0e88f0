//! What the boot loader may start: the entries of the slots, their counters, and every write to the boot partition.
//!
//! - [`BootLoader`]: the one of this machine, with the same questions and orders for each
//! - [`SystemdBoot`]: entries as files in `EFI/Linux`, counted by their names (<https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT>)
//! - [`u_boot`]: entries in a record of one sector that `boot.scr` reads and counts in
//! - [`tryboot`]: entries in slots with boot partitions of their own, chosen by a record of one sector that the Raspberry Pi's firmware
//!   reads
//! - [`Mounted`]: the boot partition, there only while something is written to it
//! - [`DirectReader`]: reads what is on the device, past what the kernel remembers of a write
//!
//! Synchronous and small: the initramfs stage uses it, too. Nothing here decides; the upgrader and the initramfs stage do.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it"
    )
)]

mod aside;
mod bad_record;
mod boot_loader;
mod direct;
mod entry;
mod error;
mod folder;
mod mounted;
mod one_shot;
mod order;
mod sector_file;
mod systemd_boot;
pub mod tryboot;
pub mod u_boot;
mod writing;

pub use bad_record::BadRecord;
pub use boot_loader::{BootLoader, Program};
pub use direct::DirectReader;
pub use entry::{BadEntryName, Counter, Entry, EntryName};
pub use error::SlotsError;
pub use mounted::Mounted;
pub use one_shot::set_one_shot;
pub use order::starts_before;
pub use systemd_boot::SystemdBoot;
pub use tryboot::{SlotBoots, Tryboot};
pub use u_boot::UBoot;
pub use writing::Writing;
