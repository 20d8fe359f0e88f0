//! What every program of ours does to the machine that it runs on, once: running a command, replacing a file or a folder
//! whole, and the digest of bytes.
//!
//! Synchronous, and nothing but system calls: PID 1 may use it.

#![forbid(unsafe_code)]

mod command;

pub mod digest;
pub mod file;
pub mod folder;

pub use command::{Command, CommandError, Output};
