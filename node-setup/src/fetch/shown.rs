//! Addresses for people and logs.

use url::{Position, Url};

/// An address for people and logs, with what may open it blotted out: a name and password, a token in its query.
pub fn shown(url: &str) -> String {
    let shown = match Url::parse(url) {
        Ok(parsed) if !parsed[Position::BeforeUsername..Position::BeforeHost].is_empty() => {
            let before = &parsed[..Position::BeforeUsername];
            let after = &parsed[Position::BeforeHost..];
            format!("{before}(redacted)@{after}")
        }
        _ => url.to_owned(),
    };
    os_config::hide_credentials(&shown)
}
