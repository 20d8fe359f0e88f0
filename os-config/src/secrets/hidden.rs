//! Which parts of a configuration's text must not be shown, by the places of its keys and values.

use std::ops::Range;

use super::line;
use super::manifest::holds_a_secret;
use super::names::sounds_secret;
use super::place::{Hidden, Place, beside_content};
use super::rule::{BY_PERMISSIONS, keeps_others_out};
use crate::command_line;
use crate::nearest::nearest;
use crate::tree::{Entry, Node, Path, Step, Value, yaml};

/// The secret parts of a YAML text, in bytes.
pub(super) fn in_yaml(text: &str) -> Vec<Range<usize>> {
    secrets_of(text).ranges
}

/// The secret values of a YAML text, as they are read.
pub(super) fn values_in_yaml(text: &str) -> Vec<String> {
    secrets_of(text).values
}

fn secrets_of(text: &str) -> Secrets<'_> {
    let reading = yaml::read_all(text, 0);
    let mut secrets = Secrets {
        text,
        ranges: Vec::new(),
        values: Vec::new(),
        rest: reading.broken_at.unwrap_or(text.len())..text.len(),
    };
    let last = reading.documents.len().wrapping_sub(1);
    for (at, document) in reading.documents.iter().enumerate() {
        let cut = reading.broken_at.is_some() && at == last;
        secrets.walk(document, &Place::top(), cut);
    }
    let rest = secrets.rest.clone();
    secrets
        .ranges
        .extend(in_rest(&text[rest.clone()], rest.start));
    secrets
}

/// The secret parts of what is no YAML any more and begins at byte `begin`.
fn in_rest(rest: &str, begin: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let first = rest.trim_start();
    let looks = line::secrets(first.lines().next().unwrap_or_default());
    // A secret whose quote is not closed goes on where the parser gave up.
    if let Some(secret) = looks.iter().map(|secret| secret.start).min() {
        let end = begin + rest.len();
        ranges.push(end - first.len() + secret..end);
    }
    let mut at = begin;
    for part in rest.split_inclusive('\n') {
        let secret = line::secret_in_braces(part);
        ranges.extend(secret.map(|secret| at + secret..at + part.len()));
        at += part.len();
    }
    ranges
}

/// The secret parts of a kernel command line, in bytes.
pub(super) fn in_command_line(text: &str) -> Vec<Range<usize>> {
    command_line::settings(text, 0)
        .filter(|setting| setting.path.as_ref().is_none_or(is_hidden))
        .map(|setting| setting.bytes)
        .collect()
}

/// The secret values of a kernel command line, as they are read.
pub(super) fn values_in_command_line(text: &str) -> Vec<String> {
    command_line::settings(text, 0)
        .filter(|setting| setting.path.as_ref().is_none_or(is_hidden))
        .filter_map(|setting| setting.value)
        .collect()
}

/// True when a value at `path` may not even be shown in a message that says it is of a wrong type.
pub(crate) fn is_hidden(path: &Path) -> bool {
    Place::at(path).hidden() != Hidden::Nothing
}

/// True when the key at the end of `path` is a secret itself, or has one in it: `{passphrase:hunter2}` without a blank is
/// a key without a value.
pub(crate) fn is_secret_key(path: &Path, without_value: bool) -> bool {
    let Some((Step::Key(key), above)) = path.0.split_last() else {
        return false;
    };
    holds_secret(key) || (without_value && !above.is_empty() && is_hidden(path))
}

/// True for a key with a secret glued to it.
fn holds_secret(key: &str) -> bool {
    key.contains([':', '=', ' ', '\t', '"', '\'']) && sounds_secret(key)
}

struct Secrets<'a> {
    text: &'a str,
    ranges: Vec<Range<usize>>,
    /// What stands in the ranges, as it is read.
    values: Vec<String>,
    /// What is no YAML.
    rest: Range<usize>,
}

impl Secrets<'_> {
    /// `cut`: the text is broken in this value or behind it, so nobody knows where it ends.
    fn walk(&mut self, node: &Node, place: &Place, cut: bool) {
        match (place.hidden(), &node.value) {
            (Hidden::All, _) | (Hidden::Scalars, Value::Scalar(..)) => self.hide(node, cut),
            (_, Value::Scalar(..)) => {}
            (_, Value::List(items)) => {
                for (at, item) in items.iter().enumerate() {
                    let last = at + 1 == items.len();
                    self.walk(item, &place.then(&Step::Index(at)), cut && last);
                }
                let next = place.then(&Step::Index(items.len()));
                self.hide_rest(cut && next.hidden() != Hidden::Nothing);
            }
            (_, Value::Map(entries)) => self.walk_map(entries, place, cut),
        }
    }

    fn walk_map(&mut self, entries: &[Entry], place: &Place, cut: bool) {
        let shown = shown_beside_a_secret(entries, place, cut);
        let shown = shown.as_deref();
        for (
            at,
            Entry {
                key,
                key_span,
                value,
            },
        ) in entries.iter().enumerate()
        {
            let cut = cut && at + 1 == entries.len();
            let below = place.then(&Step::from(key.as_str()));
            let begin = key_span.bytes.0;
            let (from, to) = value.span.bytes;
            let without_value = from == to && !place.is_top();
            let secret_key =
                holds_secret(key) || (without_value && below.hidden() != Hidden::Nothing);
            let whole = begin..to.max(begin + key.len());
            if secret_key || self.no_key(key, &whole) {
                self.ranges.push(whole);
                self.hide_rest(cut);
            } else if shown.is_some_and(|shown| nearest(key, shown).is_none()) {
                self.hide(value, cut);
            } else {
                self.walk(value, &below, cut);
            }
        }
        let strange = [place.clone(), place.then(&Step::from("?"))];
        let hidden = strange
            .iter()
            .any(|place| place.hidden() != Hidden::Nothing);
        self.hide_rest(cut && (hidden || shown.is_some()));
    }

    /// True where braces stand in the place of a key, and a secret may stand in them.
    fn no_key(&self, key: &str, whole: &Range<usize>) -> bool {
        let braces = self.text.get(whole.clone()).unwrap_or_default();
        key.is_empty() && line::secret_in_braces(braces).is_some()
    }

    fn hide(&mut self, node: &Node, cut: bool) {
        self.ranges.push(node.span.bytes.0..node.span.bytes.1);
        scalars(node, &mut self.values);
        self.hide_rest(cut);
    }

    fn hide_rest(&mut self, hidden: bool) {
        if hidden {
            self.ranges.push(self.rest.clone());
        }
    }
}

/// Adds every text and number in `node`.
fn scalars(node: &Node, all: &mut Vec<String>) {
    match &node.value {
        Value::Scalar(_, text) => all.push(text.clone()),
        Value::List(items) => items.iter().for_each(|item| scalars(item, all)),
        Value::Map(entries) => entries.iter().for_each(|it| scalars(&it.value, all)),
    }
}

/// The keys that may be shown of a file that others may not read, or of a manifest with a Secret.
fn shown_beside_a_secret(entries: &[Entry], place: &Place, cut: bool) -> Option<Vec<&'static str>> {
    let (content, by, shown) = place.content()?;
    // A key with a typing error is meant all the same.
    let texts = |name: &'static str| {
        let near = entries
            .iter()
            .filter(move |entry| nearest(&entry.key, &[name]).is_some());
        near.map(|entry| match &entry.value.value {
            Value::Scalar(_, text) => text.as_str(),
            _ => "",
        })
    };
    let known = |entry: &Entry| nearest(&entry.key, beside_content()).is_some();
    let strange = cut || !entries.iter().all(known);
    // What is no text was taken apart: nobody knows what it would be together.
    let apart = |entry: &Entry| {
        nearest(&entry.key, &[content]).is_some() && !matches!(entry.value.value, Value::Scalar(..))
    };
    let secret = if entries.iter().any(apart) {
        true
    } else if by == BY_PERMISSIONS {
        texts("permissions")
            .next()
            .map_or(strange, keeps_others_out)
    } else {
        strange || texts(content).any(holds_a_secret)
    };
    secret.then_some(shown)
}
