//! Releases: what they are made of, who vouches for them, how a node gets one.
//!
//! A release repository is a [TUF](https://theupdateframework.io) repository: files that any web server gives out, or a folder
//! on a stick. Root keys vouch for the keys that sign releases; a node knows the root keys from its image, and refuses what they
//! do not vouch for.
//!
//! - [`Releases`], [`Manifest`], [`BlockIndex`]: the formats, each with a pure parser of bytes that somebody else wrote
//! - [`Releases::choose`]: which release a node takes, or why none; pure
//! - [`Client`], [`Repository`] (feature `client`): a repository, verified; all expiry is judged by the time that is handed in.
//!   [`Files`]: the same for a repository of whatever files
//! - [`RescueOrder`] (feature `client`): the same keys order that a script is run on a machine that nobody can log in to
//! - [`Delta`] (feature `client`): a root image made out of another one
//! - [`keys`], [`publish`] (feature `publish`): keys, and writing a repository; for workstations
//!
//! Guarantee: what [`Repository::small`], [`Repository::manifest`] and [`Repository::index`] give is what the keys signed.
//! What [`Repository::stream`] gives is not verified yet: each block is checked against the index before it is used.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod choose;
mod format;

#[cfg(feature = "client")]
mod accepted;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod delta;
#[cfg(feature = "client")]
mod error;
#[cfg(feature = "client")]
mod files;
#[cfg(feature = "publish")]
pub mod keys;
#[cfg(feature = "client")]
mod metadata;
#[cfg(feature = "publish")]
pub mod publish;
#[cfg(feature = "client")]
mod repository;
#[cfg(feature = "client")]
mod rescue_order;
#[cfg(feature = "client")]
mod root;
#[cfg(feature = "client")]
mod source;
#[cfg(feature = "client")]
mod store;
#[cfg(feature = "client")]
mod targets;
#[cfg(feature = "client")]
mod trust;

pub use choose::{Choice, Node, Unwanted, Wanted};
pub use format::{
    Arch, BLOCK_SIZE, BlockIndex, BlockIndexError, Channel, ContentError, DeltaHeader,
    DeltaHeaderError, Digest, File, FileFacts, Manifest, NameError, RELEASES, RawFile, RawManifest,
    Release, Releases, Severity, Version, delta_name, target_name,
};

#[cfg(feature = "client")]
pub use accepted::Accepted;
#[cfg(feature = "client")]
pub use bytes::Bytes;
#[cfg(feature = "client")]
pub use client::Client;
#[cfg(feature = "client")]
pub use delta::{Delta, DeltaError};
#[cfg(feature = "client")]
pub use error::Error;
#[cfg(feature = "client")]
pub use files::Files;
#[cfg(feature = "client")]
pub use repository::{Place, Repository, TargetFacts};
#[cfg(feature = "client")]
pub use rescue_order::{OrderError, RescueOrder};
#[cfg(feature = "client")]
pub use root::root_version as check_root;
#[cfg(feature = "client")]
pub use source::{Source, SourceError};
#[cfg(feature = "client")]
pub use store::{Effort, Pieces};
#[cfg(feature = "client")]
pub use trust::Trust;
