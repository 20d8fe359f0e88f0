//! What every program of ours does to the machine that it runs on, once: running a command, replacing a file or a folder
//! whole, the digest of bytes, new identifiers, variables of the firmware, text fit to be shown, how
//! much memory there is, how hot it is, and writing much without keeping others from the disk.
//!
//! Synchronous, and nothing but system calls: PID 1 may use it.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod cause;
mod command;

pub mod beneath;
pub mod digest;
pub mod efi_variable;
pub mod file;
pub mod folder;
pub mod heat;
pub mod identifier;
pub mod memory;
pub mod pace;
pub mod plain;

pub use cause::with_causes;
pub use command::{Command, CommandError, Output};
