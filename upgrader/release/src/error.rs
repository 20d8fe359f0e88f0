//! Why a repository, or a file in it, is not used: each attack and each failure with its own message.

use crate::format::{BlockIndexError, ContentError};
use jiff::Timestamp;
use std::path::PathBuf;

/// A repository cannot be used, or a file of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program that asks could not be made ready.
    #[error("cannot make ready to ask web servers: {0}")]
    Client(String),
    /// The server was not reached, or stopped in the middle, in all tries.
    #[error("{url} could not be had in {tries} tries: {why}")]
    Unreachable {
        /// What was asked for, without name and password.
        url: String,
        /// How often.
        tries: u32,
        /// What the last one failed of.
        why: String,
    },
    /// The server said that it will not give it.
    #[error("{url}: the server answered with status {status}")]
    Refused {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The server leads elsewhere, where we do not go.
    #[error("{url}: {why}")]
    Redirect {
        /// What was asked for.
        url: String,
        /// Why not.
        why: String,
    },
    /// Something that must be there is not.
    #[error("{0} is not there: is this the address of a repository, and is it whole?")]
    Missing(String),
    /// The server gives whole files only. A whole file can be streamed from its beginning.
    #[error(
        "{url}: the server gives the whole file when asked for a part of it: it knows no ranges"
    )]
    NoRanges {
        /// What was asked for.
        url: String,
    },
    /// The server gives another part than it was asked for.
    #[error(
        "{url}: asked for {asked}, the server says that it gives {given}: it lies about ranges"
    )]
    WrongRange {
        /// What was asked for.
        url: String,
        /// The part.
        asked: String,
        /// What it says.
        given: String,
    },
    /// A file has not the size that was signed.
    #[error(
        "{what} has {found} bytes, {signed} are signed: it was cut off, added to, or exchanged"
    )]
    Size {
        /// Which file.
        what: String,
        /// Its size.
        found: u64,
        /// The size that was signed.
        signed: u64,
    },
    /// A file does not end.
    #[error("{what} does not end after the {limit} bytes that are taken at most: endless data")]
    Endless {
        /// Which file.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// A file of a folder cannot be read.
    #[error("cannot read {path}")]
    Folder {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is signed by keys that nobody vouches for.
    #[error(
        "{what} is signed by no key that the root names for it, but by {keys}: it is not from whom this node trusts"
    )]
    UnknownKey {
        /// Which file.
        what: String,
        /// Beginnings of the keys' ids.
        keys: String,
    },
    /// A signature is not of this text.
    #[error("{what} has a wrong signature: it was changed after it was signed")]
    WrongSignature {
        /// Which file.
        what: String,
    },
    /// Fewer keys signed than must.
    #[error(
        "{what} is signed by {signed} of the keys that the root names for it, and must be by {threshold}"
    )]
    TooFewSignatures {
        /// Which file.
        what: String,
        /// Keys that signed.
        signed: usize,
        /// Keys that must.
        threshold: u64,
    },
    /// A file of the repository is not what the signed one before it names.
    #[error(
        "{what} is not the one that the signed files before it name ({why}): files of different states are mixed"
    )]
    MixedUp {
        /// Which file.
        what: String,
        /// What differs.
        why: String,
    },
    /// A metadata file does not parse.
    #[error("{what} cannot be understood: {why}")]
    Unreadable {
        /// Which file.
        what: String,
        /// Why not.
        why: String,
    },
    /// The newest that the repository has is out of date.
    #[error(
        "timestamp.json expired on {expired}, and it is {now}: the repository was not refreshed, or somebody holds back what is newer"
    )]
    Frozen {
        /// When.
        expired: Timestamp,
        /// The time that it was judged by.
        now: Timestamp,
    },
    /// A metadata file is out of date.
    #[error("{what} expired on {expired}, and it is {now}: the repository must be signed anew")]
    Expired {
        /// Which file.
        what: String,
        /// When.
        expired: Timestamp,
        /// The time that it was judged by.
        now: Timestamp,
    },
    /// The repository is older than one that was seen.
    #[error(
        "{what} has version {found}, and this node has seen version {seen}: an older state of the repository is not accepted"
    )]
    Rollback {
        /// Which file.
        what: &'static str,
        /// Its version.
        found: u64,
        /// The highest that was seen.
        seen: u64,
    },
    /// The root that everything begins with is no root.
    #[error("the root that this node trusts first cannot be used: {0}")]
    FirstRoot(String),
    /// What was seen of repositories cannot be read or written.
    #[error("cannot keep what was seen of the repository in {path}")]
    Trust {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What was seen of repositories is damaged.
    #[error(
        "{path} is damaged ({why}): it has the oldest state of the repository that is accepted; remove it to accept the one that the repository has now"
    )]
    DamagedFloors {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The signed list has no such file.
    #[error("the repository has no {0}")]
    NotListed(String),
    /// The bytes are not those that were signed.
    #[error("{what} is not what was signed: its digest is another")]
    WrongBytes {
        /// Which file.
        what: String,
    },
    /// The file is signed, and cannot be used all the same.
    #[error("{what} cannot be used")]
    Content {
        /// Which file.
        what: String,
        /// Why not.
        source: ContentError,
    },
    /// The block index is signed, and cannot be used all the same.
    #[error("{what} cannot be used")]
    Index {
        /// Which file.
        what: String,
        /// Why not.
        source: BlockIndexError,
    },
    /// Two signed files contradict each other.
    #[error("{what} does not belong to this release: {why}")]
    OtherRelease {
        /// Which file.
        what: String,
        /// What differs.
        why: String,
    },
    /// Anything else that is wrong with the repository.
    #[error("the repository cannot be used: {0}")]
    Repository(String),
}
