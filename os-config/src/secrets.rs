//! Which values are secret, and how they are kept out of messages and listings.

mod blots;
mod excerpt;
mod line;
mod manifest;
mod outline;

use crate::tree::Path;

pub(crate) use blots::{is_hidden, is_secret_key};
pub(crate) use excerpt::{Excerpt, Excerpts};
pub(crate) use manifest::holds_a_secret;

/// Keys whose values are secret wherever they stand.
const SECRET_KEYS: [&str; 5] = ["password", "passphrase", "token", "auth", "key"];

/// What stands in a secret's place.
pub(crate) const BLOT: &str = "(redacted)";

/// Parts of names that people give to secrets: `AWS_SECRET_ACCESS_KEY`, `oidc-client-secret`.
const SECRET_PARTS: [&str; 11] = [
    "passphrase",
    "password",
    "passwd",
    "secret",
    "token",
    "credential",
    "access_key",
    "accesskey",
    "api_key",
    "apikey",
    "private_key",
];

/// Short words for secrets, which are parts of harmless ones: `DB_PASS`, but not `COMPASS`.
const SECRET_SHORT: [&str; 5] = ["pass", "pwd", "pat", "psk", "creds"];

/// True when the value at `path` must not be shown.
pub(crate) fn is_secret(path: &Path) -> bool {
    let mut keys = path.keys();
    match keys.next() {
        Some("password" | "token") => true,
        Some("registries" | "network") => keys.any(|key| SECRET_KEYS.contains(&key)),
        Some("environment" | "kubernetes") => keys.any(sounds_secret),
        _ => false,
    }
}

fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    SECRET_PARTS.iter().any(|part| key.contains(part))
        || key
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| SECRET_SHORT.contains(&word))
}

/// Words after which a secret stands on the same line.
const SECRET_WORDS: [&str; 3] = ["password", "passphrase", "token"];

/// True for permissions that let nobody else read a file.
pub(crate) fn keeps_others_out(permissions: &str) -> bool {
    !matches!(permissions.chars().last(), Some('4'..='7'))
}

/// Text with the credentials in web addresses blotted out: `http://user:password@proxy` is a secret too.
pub fn hide_credentials(text: &str) -> String {
    excerpt::blotted(text, &line::credentials(text))
}
