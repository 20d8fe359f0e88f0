//! One field of a Plan, as its type has it; anything else is told. A field that is null is as if it were left out.

use super::told::Told;
use crate::coerce::{self, kind, scalar};
use os_config::tree::{Entry, Kind, Value};

/// True when the field is there in name alone.
pub(super) fn is_null(entry: &Entry) -> bool {
    matches!(entry.value.value, Value::Scalar(Kind::Null, _))
}

/// True or false.
pub(super) fn truth(told: &mut Told, entry: &Entry, way: &[&str]) -> Option<bool> {
    if is_null(entry) {
        return None;
    }
    let value = coerce::truth(&entry.value);
    if value.is_none() {
        wrong(told, entry, way, "true or false");
    }
    value
}

/// A whole number.
pub(super) fn whole(told: &mut Told, entry: &Entry, way: &[&str]) -> Option<i64> {
    match &entry.value.value {
        Value::Scalar(Kind::Null, _) => None,
        Value::Scalar(Kind::Integer, digits) => {
            let number = digits.parse().ok();
            if number.is_none() {
                let message = "this number is too large";
                told.lost(entry.key_span, way, &entry.value, message);
            }
            number
        }
        _ => {
            wrong(told, entry, way, "a whole number");
            None
        }
    }
}

/// A text; a number is one, too.
pub(super) fn text_of<'a>(told: &mut Told, entry: &'a Entry, way: &[&str]) -> Option<&'a str> {
    let text = scalar(&entry.value);
    if text.is_none() && !is_null(entry) {
        wrong(told, entry, way, "a text");
    }
    text
}

/// The entries of a mapping.
pub(super) fn mapping<'a>(told: &mut Told, entry: &'a Entry, way: &[&str]) -> &'a [Entry] {
    if !is_null(entry) && !matches!(entry.value.value, Value::Map(_)) {
        wrong(told, entry, way, "a mapping (key: value)");
    }
    entry.value.entries()
}

/// Tells of a value of the wrong type, without saying it: it may be a secret.
fn wrong(told: &mut Told, entry: &Entry, way: &[&str], want: &str) {
    let message = format!("it should be {want}, not {}", kind(&entry.value));
    told.lost(entry.key_span, way, &entry.value, message);
}
