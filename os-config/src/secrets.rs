//! Which values are secret, and how they are kept out of messages and listings.

mod blot;
mod blotter;
mod excerpt;
mod hidden;
mod line;
mod manifest;
mod names;
mod place;
mod rule;

use serde_json::Value as Json;

use crate::schema::on_the_way;
use crate::tree::{Node, Path, Value};

pub(crate) use blot::BLOT;
pub use blot::hide_credentials;
pub use blotter::Blotter;
pub(crate) use excerpt::{Excerpt, Excerpts};
pub(crate) use hidden::{is_hidden, is_secret_key};
pub(crate) use line::hide_keys;
use manifest::holds_a_secret;
use names::sounds_secret;
use rule::{
    ALWAYS, BY_NAME, BY_NAME_ALONE, BY_PERMISSIONS, IN_LISTINGS, keeps_others_out, secrecy,
};

/// True when the value at `path` must not be shown, by what its raw type says (`x-secret`).
pub(crate) fn is_secret(path: &Path) -> bool {
    let said = on_the_way(path).into_iter().rev().find_map(secrecy);
    match said {
        Some(ALWAYS | IN_LISTINGS) => true,
        Some(BY_NAME | BY_NAME_ALONE) => path.keys().any(sounds_secret),
        _ => false,
    }
}

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
