//! Which of the machine's disks was booted. What is on it is the crate `disk`.

mod efivar;
mod find;
#[cfg(test)]
pub(crate) mod samples;
mod scan;

pub use efivar::text as efi_text;
pub(crate) use find::{Choice, choose};
pub(crate) use scan::{Disk, DiskError, disks, partition_names, partition_node};
