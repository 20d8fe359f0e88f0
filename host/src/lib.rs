//! What every program of ours does to the machine that it runs on, once: running a command, replacing a file or a folder
//! whole, the digest of bytes, and new identifiers.
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
pub mod file;
pub mod folder;
pub mod identifier;

pub use cause::with_causes;
pub use command::{Command, CommandError, Output};
