//! When a certificate ends, read from itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_parser::pem::parse_x509_pem;

/// The end of the first certificate in a PEM text; none if there is none, or it is damaged.
pub fn end_of(pem: &str) -> Option<SystemTime> {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).ok()?;
    let end = pem.parse_x509().ok()?.validity().not_after.timestamp();
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(end).ok()?))
}
