//! What can go wrong with a volume.

use std::io;

use super::Kind;

/// Why a volume could not be made, read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Formatting failed.
    #[error("cannot make a {kind} file system")]
    Format {
        /// Which FAT.
        kind: Kind,
        /// What went wrong.
        source: io::Error,
    },
    /// Size and cluster size give another FAT than was asked for.
    #[error(
        "{size} bytes in clusters of {cluster} bytes make no {kind} file system; take {advice} clusters"
    )]
    Clusters {
        /// Which FAT was asked for.
        kind: Kind,
        /// Length of the volume.
        size: u64,
        /// Cluster size asked for.
        cluster: u32,
        /// Which way to go.
        advice: &'static str,
    },
    /// What is there is no FAT file system, or a broken one.
    #[error("cannot open a FAT file system")]
    Open(#[source] io::Error),
    /// A directory could not be read or made.
    #[error("cannot use directory `{path}` of the FAT file system")]
    Directory {
        /// Path on the volume.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("cannot read `{path}` from the FAT file system")]
    Read {
        /// Path on the volume.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// A file could not be written; the volume has lost its old content.
    #[error("cannot write `{path}` to the FAT file system")]
    Write {
        /// Path on the volume.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// A file is larger than the caller takes.
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// Path on the volume.
        path: String,
        /// Most bytes the caller takes.
        limit: u64,
    },
    /// The directory tree is deeper or larger than any that we make; damaged volumes loop.
    #[error("the directory tree at `{0}` does not end; the file system is damaged")]
    Endless(String),
    /// The last writes did not reach the disk.
    #[error("cannot finish writing the FAT file system")]
    Finish(#[source] io::Error),
}
