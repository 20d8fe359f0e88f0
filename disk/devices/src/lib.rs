//! The disks of the machine that this runs on: what the kernel says of each, and what uses it.
//!
//! [`list`] reads the kernel's files, which any user may read; nothing is opened and nothing decided here. Whoever writes disks
//! judges from these facts: `holdfast flash` on a workstation, the installer on a node.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod facts;
mod list;
mod mounts;
mod sysfs;

pub use facts::{Disk, Part, Transport, Use, UseKind};
pub use list::{ListError, Roots, list};
