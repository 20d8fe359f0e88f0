//! What can go wrong with a bucket.

use super::answer::Refused;
use std::io;
use std::path::PathBuf;

/// A bucket could not be used.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The settings name no server.
    #[error("`backup.s3.endpoint` is no address of a server: {0}")]
    Endpoint(String),
    /// An authority in `ca` cannot be read.
    #[error("a certificate in `backup.s3.ca` cannot be used: {0}")]
    Authority(String),
    /// No client could be made.
    #[error("no request can be made")]
    Client(#[source] io::Error),
    /// The server was not reached, or the line broke.
    #[error("{server} cannot be reached, or the line broke; the node tries again")]
    Line {
        /// The server.
        server: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The server said no.
    #[error("{server} does not {act}: {refused}")]
    Refused {
        /// The server.
        server: String,
        /// What was asked.
        act: String,
        /// Its words.
        refused: Refused,
    },
    /// What it said makes no sense.
    #[error("{server} answers what is no list of a bucket: {why}")]
    Nonsense {
        /// The server.
        server: String,
        /// What is wrong.
        why: String,
    },
    /// The object is not what was sent.
    #[error("{name} has {there} bytes in the bucket and {sent} here: it is not whole")]
    Short {
        /// The object.
        name: String,
        /// Its size there.
        there: u64,
        /// Its size here.
        sent: u64,
    },
    /// A file on the node.
    #[error("cannot read or write {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
