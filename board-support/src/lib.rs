//! Boards as data files: parsed and checked.
//!
//! A folder holds `base-<arch>.toml` for each architecture and `<board>.toml` for each board. All
//! boards of an architecture start one release, so whatever goes into the UKI or the root image is
//! the base's or the union over all of its boards ([`Release`]); a board file adds its own drivers
//! to that union, its title, the mechanism that boots it, what the running system has to know about its machine and how to imitate it
//! in a virtual machine.
//!
//! Files are read strictly: an unknown key, a value out of range or a driver listed twice is an
//! error with file, line and key. [`Boards::open`] reads the whole folder, so that a board cannot
//! be built while one that shares its release is broken.

#![forbid(unsafe_code)]

mod arch;
mod board;
mod boot;
mod check;
mod error;
mod machine;
mod raw;
mod release;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod vm;

pub use arch::Arch;
pub use board::Board;
pub use boot::{BootMechanism, PartitionTable, SystemdBoot, Tryboot, UBoot};
pub use error::{Error, Problem};
pub use machine::KnownMachine;
pub use release::{Drivers, Release};
pub use store::Boards;
pub use vm::{Disk, Machine, Network, Vm, Watchdog};

/// Parses one board file's text alone, without its base. For checks of the text itself.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_board_text(text: &str) -> Result<(), Error> {
    let source = source::Source::new("board.toml", text);
    check::board(&source, "board").map(drop)
}

/// Parses one base file's text alone.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_base_text(text: &str) -> Result<(), Error> {
    let source = source::Source::new("base.toml", text);
    check::base(&source).map(drop)
}
