//! The disks of this workstation, and which of them may be written: [`judge`] decides from the facts of `disk-devices` alone.

mod find;
mod verdict;

pub use disk_devices::{Disk, Part, Roots, Transport, Use, UseKind, list};
pub use find::{DiskError, find};
pub use verdict::{Care, Refusal, is_offered, judge};
