//! What a raw type says about the secrecy of its values (`x-secret`).

use serde_json::Value as Json;

/// The words of `x-secret`: never shown;
pub(super) const ALWAYS: &str = "always";
/// shown in the line that a message is about, and nowhere else;
pub(super) const IN_LISTINGS: &str = "in listings";
/// not shown under a name that sounds secret;
pub(super) const BY_NAME: &str = "by name";
/// and neither where there is no proper name;
pub(super) const BY_NAME_ALONE: &str = "by name alone";
/// not shown where `permissions` beside it keep others from reading it;
pub(super) const BY_PERMISSIONS: &str = "by permissions";
/// not shown when it is a manifest with a Secret.
pub(super) const BY_KIND: &str = "by kind";

/// What the raw type says about the secrecy of its values.
pub(super) fn secrecy(schema: &Json) -> Option<&str> {
    schema.get("x-secret")?.as_str()
}

/// True for permissions that let nobody else read a file.
pub(super) fn keeps_others_out(permissions: &str) -> bool {
    !matches!(permissions.chars().last(), Some('4'..='7'))
}
