//! The disks of this workstation, and which of them may be written.
//!
//! [`list`] collects facts from the kernel's files, which any user may read; [`judge`] decides from them alone.

mod facts;
mod list;
mod mounts;
mod sysfs;
mod verdict;

pub use facts::{Disk, Part, Transport, Use, UseKind};
pub use list::{DiskError, Roots, find, list};
pub use verdict::{Care, Refusal, is_offered, judge};
