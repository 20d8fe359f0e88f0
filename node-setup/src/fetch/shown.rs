//! Addresses for people and logs.

use url::{Position, Url};

/// An address for people and logs, with the name and password that may be in it blotted out.
pub fn shown(url: &str) -> String {
    match Url::parse(url) {
        Ok(parsed) if !parsed[Position::BeforeUsername..Position::BeforeHost].is_empty() => {
            let before = &parsed[..Position::BeforeUsername];
            let after = &parsed[Position::BeforeHost..];
            format!("{before}(redacted)@{after}")
        }
        _ => url.to_owned(),
    }
}
