//! Which values are secret, and how they are kept out of messages and listings.

mod excerpt;
mod hidden;
mod line;
mod manifest;
mod place;

use serde_json::Value as Json;

use crate::schema::on_the_way;
use crate::tree::{Node, Path, Value};

pub(crate) use excerpt::{Excerpt, Excerpts};
pub(crate) use hidden::{is_hidden, is_secret_key};
use manifest::holds_a_secret;

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
/// and neither where there is no proper name;
const BY_NAME_ALONE: &str = "by name alone";
/// not shown where `permissions` beside it keep others from reading it;
const BY_PERMISSIONS: &str = "by permissions";
/// not shown when it is a manifest with a Secret.
const BY_KIND: &str = "by kind";

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

/// The member of a mapping with these shapes that must not be shown: a file that others may not read is taken for a
/// secret, and a manifest with a Secret in it is one.
pub(crate) fn hidden_member(node: &Node, shapes: &[&'static Json]) -> Option<&'static str> {
    let text = |key: &str| match node.entry(key).map(|entry| &entry.value.value) {
        Some(Value::Scalar(_, text)) => Some(text.as_str()),
        _ => None,
    };
    let (key, by, _) = shapes.iter().find_map(|shape| place::content(shape))?;
    let secret = if by == BY_PERMISSIONS {
        text("permissions").is_some_and(keeps_others_out)
    } else {
        text(key).is_some_and(holds_a_secret)
    };
    secret.then_some(key)
}

/// True for permissions that let nobody else read a file.
fn keeps_others_out(permissions: &str) -> bool {
    !matches!(permissions.chars().last(), Some('4'..='7'))
}

/// Text with the credentials in web addresses blotted out: `http://user:password@proxy` is a secret too.
pub fn hide_credentials(text: &str) -> String {
    excerpt::blotted(text, &line::credentials(text))
}
