//! What all parts of the keeper share.

use super::error::KeeperError;
use super::report::Report;
use crate::{Paths, Settings};
use std::net::IpAddr;

/// The name under which the keeper owns fields of objects.
pub(super) const MANAGER: &str = "holdfast";

/// What all parts of the keeper share.
pub(super) struct Keeper {
    pub(super) settings: Settings,
    pub(super) paths: Paths,
    pub(super) report: Report,
}

/// The address that was last prepared for.
pub(super) fn prepared_address(paths: &Paths) -> Result<IpAddr, KeeperError> {
    let path = paths.address();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(KeeperError::NotPrepared { path, source }),
    };
    text.trim()
        .parse()
        .map_err(|source| KeeperError::Address { path, source })
}
