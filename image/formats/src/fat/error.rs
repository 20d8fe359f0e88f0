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
    /// The disk cannot be read, or the file system is of a kind that is not supported.
    #[error("cannot open a FAT file system")]
    Open(#[source] io::Error),
    /// What is there is no FAT file system, or a broken one.
    #[error("there is no whole FAT file system; `fsck.fat` may repair it")]
    Damaged(#[source] Damage),
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

/// What is wrong with a volume that is not whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// No boot sector.
    #[error("no boot sector")]
    Signature,
    /// A field of the boot sector that cannot be.
    #[error("the boot sector says {field} {value}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What it says.
        value: u64,
    },
    /// Fields of FAT16 and FAT32 mixed.
    #[error("the boot sector is neither a FAT16's nor a FAT32's")]
    Kind,
    /// A chain leaves the volume.
    #[error("cluster {cluster} is followed by {to}, which does not exist")]
    Link {
        /// Where the chain is.
        cluster: u32,
        /// Where it leads.
        to: u32,
    },
    /// A directory entry leads outside of the volume.
    #[error("a file begins at cluster {0}, which does not exist")]
    Start(u32),
    /// Two chains, or two files, meet.
    #[error("two files share cluster {0}")]
    Shared(u32),
    /// A chain runs into a cluster that is free.
    #[error("cluster {0} of a file is free")]
    Lost(u32),
    /// The disk ended or failed.
    #[error("cannot read it: {0}")]
    Unreadable(String),
}
