//! Holdfast's init: the initramfs stage and PID 1, one static program.
//!
//! It is small and synchronous, and never parses what a user wrote. The initramfs stage finds the booted disk, opens the
//! verity root that this very kernel belongs to, and makes, checks and grows the state partition; PID 1 mounts, starts
//! and keeps services, and never gives up: what cannot run leaves the machine in maintenance mode.

#![forbid(unsafe_code)]

#[cfg(test)]
mod alone;
pub mod clock;
pub mod disk;
pub mod initramfs;
pub mod last_words;
pub mod modules;
pub mod program;
pub mod report;
pub mod supervise;
pub mod system;
pub mod uevent;
pub mod watchdog;
