//! Why the keeper cannot start.

use thiserror::Error;

/// The keeper cannot start; what happens later it corrects or reports.
#[derive(Debug, Error)]
pub enum KeeperError {
    /// `cluster-prepare` has not run.
    #[error("cannot read {path}; has `holdfast runtime prepare` run?")]
    NotPrepared {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not hold an address.
    #[error("{path} does not hold an address")]
    Address {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::net::AddrParseError,
    },
    /// The operating system refuses something every process may have.
    #[error("cannot {act}")]
    System {
        /// What.
        act: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// No client of the API can be made from a certificate of ours.
    #[error("cannot make a client of the API: {0}")]
    Client(String),
}

pub(super) fn system(act: &'static str) -> impl Fn(std::io::Error) -> KeeperError {
    move |source| KeeperError::System { act, source }
}
