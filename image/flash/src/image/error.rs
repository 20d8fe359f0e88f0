//! What can be wrong with an image.

use disk::gpt::Damage;
use std::io;
use std::path::PathBuf;

/// An image cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// It cannot be read, or what is packed is damaged.
    #[error("it cannot be read, or is damaged: fetch or build it again")]
    Read(#[source] io::Error),
    /// Nothing is in it.
    #[error("it is empty: fetch or build it again")]
    Empty,
    /// A folder, a device.
    #[error("it is no file: name the .img or .img.zst itself")]
    NotAFile,
    /// Packed by another program.
    #[error(
        "it is packed with {0}: unpack it first and name the .img, or take the .img.zst that a build leaves"
    )]
    OtherPacking(&'static str),
    /// It says it is packed, and is not.
    #[error(
        "its name ends in .zst, and its content is not that of zstd: fetch it again, or name it .img if it is not packed"
    )]
    NotPacked,
    /// No table of ours in its first sectors.
    #[error("it is no Holdfast image: {0}")]
    NoTable(Damage),
    /// A table, but of something else.
    #[error(
        "it is no Holdfast image: its partitions are {found}, and those of Holdfast are boot, CONFIG and root-a"
    )]
    OtherPartitions {
        /// Their names.
        found: String,
    },
    /// It ends early.
    #[error(
        "it is truncated: it has {found} bytes, and its partition table is for {expected}. Fetch or build it again"
    )]
    Short {
        /// What is there.
        found: u64,
        /// What should be there.
        expected: u64,
    },
    /// It goes on.
    #[error(
        "it has more than the {expected} bytes that its partition table is for: it is no image of one disk. Fetch or build it again"
    )]
    Long {
        /// What should be there.
        expected: u64,
    },
    /// Its digest file cannot be read.
    #[error("cannot read {path}, which should have its SHA-256: remove that file to go on without")]
    Sum {
        /// The digest file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Its digest file has no digest of it.
    #[error(
        "{path} has no SHA-256 of {name}: fetch both again, or remove that file to go on without"
    )]
    NoSum {
        /// The digest file.
        path: PathBuf,
        /// The image's name.
        name: String,
    },
    /// Its digest is another one.
    #[error(
        "its SHA-256 is {found}, and {path} says {expected}: it was damaged on its way, or the two are of different builds. Fetch both again"
    )]
    OtherSum {
        /// The digest file.
        path: PathBuf,
        /// What it says.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The partition CONFIG cannot be read or written.
    #[error("its partition CONFIG cannot take a config.yaml")]
    Config(#[source] formats::fat::Error),
}
