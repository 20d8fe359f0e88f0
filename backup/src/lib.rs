//! The backup of one node: everything that makes it this node of this cluster, in one encrypted file, and the way back.
//!
//! A backup is an age file (<https://age-encryption.org/v1>), so that it can be opened without Holdfast, of a gzip-packed tar
//! archive whose first entry says what it is ([`About`]). [`make`] reads a node and changes nothing of it. [`unpack`] lays a backup
//! beside what the node has, and nothing is believed before its end was read; the next boot puts it in its place
//! (`init/src/system/restore.rs`).

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod about;
pub mod age;
mod bucket;
mod contents;
mod make;
mod unpack;

pub use about::{About, Machine, Unfit};
pub use bucket::{Bucket, BucketError};
pub use make::{MakeError, OwnConfig, make};
pub use unpack::{UnpackError, unpack};

#[cfg(test)]
mod tests;
