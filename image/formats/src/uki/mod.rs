//! Unified kernel images: kernel, command line and initramfs as sections of one EFI program.
//!
//! [`build`] appends sections to systemd's EFI stub the way `ukify` does; [`sections`] and
//! [`section`] read them back. One kernel may have several command lines: see [`Profile`]. [`measured()`] says what a TPM gets to know of a
//! program that is started. Signing for Secure Boot comes after, with `sbsign`.
//!
//! The stub's own `.sbat` section stays as it is: the kernel's line is not merged in, since only
//! shim reads it and our images start without shim.

mod dump;
mod error;
mod image;
mod measured;
mod plan;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use dump::dump;
pub use error::BuildError;
pub use image::{Arch, ParseError};
pub use measured::measured;
pub use reader::{Section, arch, section, sections};
pub use writer::{Profile, Uki, build};
