//! Which parts of a configuration's text must not be shown, by the keys that they stand under.

use std::ops::Range;

use super::manifest::holds_a_secret;
use super::outline::{Entry, Item, Shape, outline};
use super::{SECRET_WORDS, is_secret, keeps_others_out, line, sounds_secret};
use crate::nearest::nearest;
use crate::tree::{Path, Step};
use crate::values::EnvName;

/// How much of a value is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    Nothing,
    /// Its texts and numbers.
    Scalars,
    /// Everything: a secret with blanks or braces in it may have been taken for a mapping.
    All,
}

/// The secret parts of a YAML text, in bytes.
pub(super) fn in_yaml(text: &str) -> Vec<Range<usize>> {
    let outline = outline(text);
    let mut blots = Blots {
        text,
        ranges: Vec::new(),
        rest: outline.broken_at.unwrap_or(text.len())..text.len(),
    };
    let last = outline.documents.len().wrapping_sub(1);
    for (at, document) in outline.documents.iter().enumerate() {
        let cut = outline.broken_at.is_some() && at == last;
        blots.walk(document, &Path::default(), cut);
    }
    let rest = blots.rest.clone();
    blots
        .ranges
        .extend(in_rest(&text[rest.clone()], rest.start));
    blots.ranges
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
    let mut ranges = Vec::new();
    let mut quoted = false;
    let mut begin = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        quoted ^= c == '"';
        if (c.is_whitespace() && !quoted) || at == text.len() {
            let value = secret_value(&text[begin..at]);
            ranges.extend(value.map(|value| begin + value..at));
            begin = at + c.len_utf8();
        }
    }
    ranges
}

/// Where the value begins in a word of the command line that sets a secret.
fn secret_value(word: &str) -> Option<usize> {
    let (key, _) = word.split_once('=')?;
    let name = key.trim_start_matches('"').strip_prefix("holdfast.")?;
    let hide = Path::parse(name).is_none_or(|path| is_hidden(&path));
    hide.then_some(key.len() + 1)
}

/// True when a value at `path` may not even be shown in a message that says it is of a wrong type.
pub(crate) fn is_hidden(path: &Path) -> bool {
    hidden(path) != Hidden::Nothing
}

/// True when the key at the end of `path` is a secret itself, or has one in it: `{passphrase:hunter2}` without a blank is
/// a key without a value.
pub(crate) fn is_secret_key(path: &Path, without_value: bool) -> bool {
    let Some(Step::Key(key)) = path.0.last() else {
        return false;
    };
    let glued = key.contains([':', '=', ' ', '\t', '"', '\'']);
    let above = Path(path.0[..path.0.len() - 1].to_vec());
    (glued && sounds_secret(key)) || (without_value && is_hidden(path) && !above.0.is_empty())
}

struct Blots<'a> {
    text: &'a str,
    ranges: Vec<Range<usize>>,
    /// What is no YAML.
    rest: Range<usize>,
}

impl Blots<'_> {
    /// `cut`: the text is broken in this value or behind it, so nobody knows where it ends.
    fn walk(&mut self, item: &Item, path: &Path, cut: bool) {
        match (hidden(path), &item.shape) {
            (Hidden::All, _) | (Hidden::Scalars, Shape::Scalar(_)) => self.blot(item, cut),
            (_, Shape::Scalar(_)) => {}
            (_, Shape::List(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.walk(item, &path.then(at), cut && at + 1 == items.len());
                }
                self.blot_rest(cut && is_hidden(&path.then(items.len())));
            }
            (_, Shape::Map(entries)) => {
                let shown = shown_beside_a_secret(entries, path, cut);
                for (at, Entry { key, begin, value }) in entries.iter().enumerate() {
                    let cut = cut && at + 1 == entries.len();
                    let path = path.then(key.as_str());
                    let whole = *begin..value.bytes.end.max(begin + key.len());
                    if self.no_key(key, &whole) || is_secret_key(&path, value.is_empty()) {
                        self.ranges.push(whole);
                        self.blot_rest(cut);
                    } else if shown.is_some_and(|shown| nearest(key, shown).is_none()) {
                        self.blot(value, cut);
                    } else {
                        self.walk(value, &path, cut);
                    }
                }
                let strange = is_hidden(path) || is_hidden(&path.then("?"));
                self.blot_rest(cut && (strange || shown.is_some()));
            }
        }
    }

    /// True where braces stand in the place of a key, and a secret may stand in them.
    fn no_key(&self, key: &str, whole: &Range<usize>) -> bool {
        let braces = self.text.get(whole.clone()).unwrap_or_default();
        key.is_empty() && line::secret_in_braces(braces).is_some()
    }

    fn blot(&mut self, item: &Item, cut: bool) {
        self.ranges.push(item.bytes.clone());
        self.blot_rest(cut);
    }

    fn blot_rest(&mut self, hidden: bool) {
        if hidden {
            self.ranges.push(self.rest.clone());
        }
    }
}

fn hidden(path: &Path) -> Hidden {
    let keys: Vec<&str> = path.keys().collect();
    let meant = |key: &&str| sounds_secret(key) || nearest(key, &SECRET_WORDS).is_some();
    if keys.iter().any(meant) {
        return Hidden::All;
    }
    let strange = match keys.as_slice() {
        ["labels" | "taints", ..] => false,
        ["registries", "configs", _, "auth", "username"] => return Hidden::Nothing,
        ["environment", below @ ..] | ["k3os", "environment", below @ ..] => {
            let named = matches!(below, [name] if EnvName::parse(name).is_ok());
            !named || matches!(path.0.last(), Some(Step::Index(_)))
        }
        ["registries", "configs", _, below @ ..] => match below {
            [] | ["tls"] => true,
            ["tls", key] => !["ca", "cert", "insecure_skip_verify"].contains(key),
            _ => true,
        },
        _ => match keys.iter().rposition(|key| ["wifi", "auth"].contains(key)) {
            Some(at) if keys[at] == "wifi" => {
                !matches!(&keys[at + 1..], ["name" | "interface" | "hidden"])
            }
            found => found.is_some(),
        },
    };
    if strange || is_secret(path) {
        Hidden::Scalars
    } else {
        Hidden::Nothing
    }
}

/// The keys that may be shown of a file that others may not read, or of a manifest with a Secret.
fn shown_beside_a_secret(
    entries: &[Entry],
    path: &Path,
    cut: bool,
) -> Option<&'static [&'static str]> {
    let section = nearest(path.keys().next()?, &["write_files", "manifests"])?;
    // A key with a typing error is meant all the same.
    let mut texts = entries.iter().map(|entry| match &entry.value.shape {
        Shape::Scalar(text) => (entry.key.as_str(), text.as_str()),
        _ => (entry.key.as_str(), ""),
    });
    let members = [
        "path",
        "permissions",
        "owner",
        "encoding",
        "content",
        "name",
        "url",
    ];
    let known = |entry: &Entry| nearest(&entry.key, &members).is_some();
    let strange = !entries.iter().all(known);
    if section == "write_files" {
        let mode = texts.find(|(key, _)| nearest(key, &["permissions"]).is_some());
        let secret = mode.map_or(cut || strange, |(_, mode)| keeps_others_out(mode));
        secret.then_some(&["path", "permissions", "owner", "encoding"])
    } else {
        let content = |key: &str| nearest(key, &["content"]).is_some();
        let secret =
            cut || strange || texts.any(|(key, text)| content(key) && holds_a_secret(text));
        secret.then_some(&["name", "url"])
    }
}
