//! U-Boot's choice: programs in `EFI/Linux` under names that never change, and a record of one sector that says which of them
//! `boot.scr` starts.
//!
//! `boot.scr` is [`SCRIPT`]; `tests/tests/u_boot.rs` runs it in U-Boot against a table of records.

mod record;

pub use record::{BadRecord, RECORD_SIZE, Record};

/// What U-Boot runs, as text. On the boot partition it is `boot.scr`, in U-Boot's own wrapping.
pub const SCRIPT: &str = include_str!("u_boot/boot.cmd");
/// The record that U-Boot lowers counters in, on the boot partition.
pub const RECORD: &str = "slots.txt";
/// Its copy for the case that the first one is damaged: written when a release has proved itself, never by U-Boot.
pub const SPARE_RECORD: &str = "slots-good.txt";
