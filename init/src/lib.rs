//! Holdfast's init: the initramfs stage and PID 1, one static program.
//!
//! It is small and synchronous, and never parses what a user wrote. The initramfs stage finds the booted disk, opens the
//! verity root that this very kernel belongs to, and makes, checks and grows the state partition; PID 1 mounts, starts
//! and keeps services, and never gives up: what cannot run leaves the machine in maintenance mode.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it"
    )
)]

mod clock;
mod disk;
mod emergency;
mod initramfs;
mod memory;
mod modules;
#[cfg(test)]
mod own_process;
mod program;
mod report;
mod start;
mod supervise;
mod system;
mod uevent;
mod watchdog;

pub use start::start;

// What reads the bytes of the kernel, of a disk and of clients: fuzzed from outside.
pub use disk::efi_text;
pub use initramfs::wanted_blocks;
pub use modules::Index as ModuleIndex;
pub use system::{Crash, read_crashes, whole_requests};
pub use uevent::Event as DeviceEvent;

// The count of boots on trial, and what a restart leads to: played over every power cut by the sweep.
pub use initramfs::begin_trial;
pub use system::before_restart;
