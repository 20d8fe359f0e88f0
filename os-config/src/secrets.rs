//! Which values are secret, and how they are kept out of messages and listings.

mod blots;
mod excerpt;
mod line;
mod manifest;
mod outline;

use serde_json::Value as Json;

use crate::schema::on_the_way;
use crate::tree::Path;

pub(crate) use blots::{is_hidden, is_secret_key};
pub(crate) use excerpt::{Excerpt, Excerpts};
pub(crate) use manifest::holds_a_secret;

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

/// True when the value at `path` must not be shown, by what its raw type says (`x-secret`).
pub(crate) fn is_secret(path: &Path) -> bool {
    let said = on_the_way(path).into_iter().rev().find_map(secrecy);
    match said {
        Some(ALWAYS | IN_LISTINGS) => true,
        Some(BY_NAME | BY_NAME_ALONE) => path.keys().any(sounds_secret),
        _ => false,
    }
}

/// The words of `x-secret`: never shown;
const ALWAYS: &str = "always";
/// shown in the line that a message is about, and nowhere else;
const IN_LISTINGS: &str = "in listings";
/// not shown under a name that sounds secret;
const BY_NAME: &str = "by name";
/// and neither where there is no proper name.
const BY_NAME_ALONE: &str = "by name alone";

/// What the raw type says about the secrecy of its values.
fn secrecy(schema: &Json) -> Option<&str> {
    schema.get("x-secret")?.as_str()
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
