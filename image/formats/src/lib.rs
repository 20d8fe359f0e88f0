//! The formats of the files in a disk image, each written deterministically and read without trust. The disk itself,
//! partitions and verity, is the crate `disk`.
//!
//! - [`fat`]: the boot and CONFIG volumes
//! - [`cpio`]: initramfs archives
//! - [`uki`]: a kernel, its command line and initramfs in one EFI program
//! - [`boot_script`]: what U-Boot runs
//! - [`oci`]: container image archives
//!
//! Nothing here opens a file or asks the clock: callers hand in readers, writers and identities,
//! so that the same input always gives the same bytes.

#![forbid(unsafe_code)]

mod bytes;
mod window;

pub mod boot_script;
pub mod cpio;
pub mod fat;
pub mod oci;
pub mod uki;

pub use window::Window;
