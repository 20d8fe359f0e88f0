//! The first boot of a flashed disk, with sectors of 512 and 4096 bytes: its table writes, cut at every moment, and disks
//! that lie, grow and fail. Foreign programs judge what is on the disk.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

mod boots;
mod damage;
mod failing;
mod flashed;
mod judge;
mod power_cuts;
