//! The initramfs stage: from the kernel's start to the exec of PID 1 on the verity root.
//!
//! # Flow
//! The [`Step`]s, in their order, each timed. The disk is found by waiting for the kernel's messages, never by sleeping.
//!
//! # Guarantees
//! Only the root whose hash stands on this kernel's command line is ever mounted. A state partition that cannot be used
//! is left as it is: memory stands in for it and PID 1 goes into maintenance mode. A release whose trial has ended goes back to
//! the last good one. Any other failure is told on the
//! consoles and ends in a reboot, so that a slot on trial is counted as failed.

mod attempt;
mod boot_loader;
mod booted_disk;
mod disk_events;
mod failure;
mod known_disks;
mod modprobe;
mod mounts;
mod partition_table;
mod plug;
mod read_ahead;
mod root;
mod stage;
mod state;
mod step;
mod switch;
mod trial;

pub(crate) use failure::Failure;
pub(crate) use modprobe::modprobe;
pub(crate) use stage::run;
pub use state::wanted_blocks;
pub(crate) use step::Step;
pub use trial::begin_trial;
