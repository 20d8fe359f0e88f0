//! Fuzz targets: every parser of bytes that somebody else wrote.
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

mod boards_files;
mod image_formats;
mod init_parsers;
mod locks;
mod manifests;
mod mutate;
mod os_config_files;
mod patch;
mod smoke;
mod target;
mod volumes;

pub use smoke::{Budget, Failure, smoke};
pub use target::{TARGETS, Target, find};
