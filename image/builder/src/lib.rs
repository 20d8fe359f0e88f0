//! Builds the root file system, the UKI and the flashable disk image.
//!
//! - Everything comes from a lock (`buildroot/lock`) or from the checkout; the same inputs give the same bytes.
//! - Nothing needs root: packages are unpacked without running anything of them, and owners are set in the image only.
//! - Each step is kept by the digest of its inputs below `build/cache`.

#![forbid(unsafe_code)]
// They end the program when nobody reads any more.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod binaries;
mod boot;
mod cache;
mod compress;
mod config;
mod digest;
mod disk_image;
mod error;
mod file;
mod flashable;
#[doc(hidden)]
pub mod fuzz;
mod image;
mod initramfs;
mod kernel;
mod options;
mod packages;
mod pcr_policy;
mod private_key;
mod program;
mod progress;
mod project;
mod release;
mod relock;
mod root_image;
mod rootfs;
mod sbom;
mod secure_boot;
mod slot_boot;
mod system_image;
mod toolchain;
mod tools;
mod tree;
mod upgrade;

pub use binaries::build_engine;
pub use error::{Error, Result};
pub use image::{Built, Flashed, build};
pub use options::Options;
pub use packages::{Lock, LockedPackage, Mirror, Patterns};
pub use pcr_policy::PcrKey;
pub use progress::{Progress, megabytes};
pub use project::Project;
pub use relock::{Relock, relock};
pub use root_image::compression;
pub use secure_boot::SecureBoot;
pub use tools::{locked_tool, locked_tool_elsewhere, locked_tool_path};
pub use upgrade::UpgradeFiles;
