//! The formats a disk image is made of, each written deterministically and read without trust.
//!
//! - [`gpt`]: the partition table
//! - [`fat`]: the boot and CONFIG volumes
//! - [`verity`]: dm-verity hash trees, as `veritysetup` makes them
//! - [`cpio`]: initramfs archives
//! - [`uki`]: a kernel, its command line and initramfs in one EFI program
//! - [`oci`]: container image archives
//! - [`erofs`]: what an erofs image says about itself
//!
//! Nothing here opens a file or asks the clock: callers hand in readers, writers and identities,
//! so that the same input always gives the same bytes.

#![forbid(unsafe_code)]

mod bytes;
mod window;

pub mod cpio;
pub mod erofs;
pub mod fat;
pub mod gpt;
pub mod oci;
pub mod uki;
pub mod verity;

pub use window::Window;
