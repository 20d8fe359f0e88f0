//! Fuzz targets: the parsers of bytes that somebody else wrote.
//!
//! A [`Target`] is a function from bytes to nothing that must not panic, hang, or break a promise
//! that it checks itself. Two runners share them:
//!
//! - [`smoke`], on a stable compiler, in `cargo test`: seeds, old failures and deterministic
//!   mutations of both, for a few seconds a target (`HOLDFAST_FUZZ_SECONDS` for longer);
//! - `libfuzzer/`, with `cargo +nightly fuzz`, guided by coverage, for hours.
//!
//! Seeds are in `seeds/<target>/`, inputs that once failed in `regressions/<target>/`; both
//! runners begin with them.
//!
//! Not here, and why:
//!
//! - what serde_json, rcgen, ureq and the kernel's own parsers read is theirs to test, unless code of ours works on in it.
//!   So `holdfast pods`, which takes one map of texts out of a container's `config.json`, has no target;
//! - the console's lines and QMP's answers (`tests/machine`) are read by tests only: what they cannot read fails the test;
//! - the tar stream of `image/builder/src/tree/archive.rs` is written, not read.

#![forbid(unsafe_code)]

mod authorities;
mod backups;
mod boards_files;
mod disks;
mod image_formats;
mod init_parsers;
mod list;
mod locks;
mod manifests;
mod mutate;
mod os_config_files;
mod packages;
mod patch;
mod releases;
mod secure_boot;
mod slot_records;
mod smoke;
mod ssh_keys;
mod target;
mod volumes;

pub use list::{TARGETS, find};
pub use smoke::{Budget, Failure, smoke};
pub use target::Target;
