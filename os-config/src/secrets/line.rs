//! Secrets in a line by what it looks like: all there is to go by in a text that is no YAML.

use std::ops::Range;

use super::blot::{BLOT, credentials, in_order};
use super::names::{SECRET_PARTS, SECRET_WORDS, sounds_secret};
use crate::nearest::nearest;

/// What private keys of PEM and of age have in them.
const KEYS: [&str; 2] = ["PRIVATE KEY", "AGE-SECRET-KEY-"];

/// `text` without the private key that begins in it, and what follows.
pub(crate) fn hide_keys(text: &str) -> String {
    match KEYS.iter().filter_map(|key| text.find(key)).min() {
        Some(begin) => format!("{}{BLOT}", &text[..begin]),
        None => text.to_owned(),
    }
}

/// The parts of `line` that look like secrets, in bytes and in no order.
pub(super) fn secrets(line: &str) -> Vec<Range<usize>> {
    let mut ranges = credentials(line);
    let to_the_end = KEYS
        .iter()
        .find_map(|key| line.find(key))
        .or_else(|| mistyped_secret(line));
    if let Some(begin) = to_the_end {
        ranges.push(begin..line.len());
        return ranges;
    }
    let mut from = 0;
    while let Some((begin, end)) = secret_in(&line[from..]) {
        ranges.push(from + begin..from + end);
        from += end;
    }
    ranges
}

/// The parts of a line of any text that look like secrets, in order: it is no configuration, so no key is one that was mistyped.
pub(super) fn looks(line: &str) -> Vec<Range<usize>> {
    let mut ranges = credentials(line);
    let mut from = 0;
    while let Some((begin, end)) = secret_in(&line[from..]) {
        ranges.push(from + begin..from + end);
        from += end;
    }
    for scheme in ["Bearer ", "Basic "] {
        ranges.extend(line.match_indices(scheme).filter_map(|(at, _)| {
            let begin = at + scheme.len();
            let length = token_length(&line[begin..]);
            (length >= 8).then_some(begin..begin + length)
        }));
    }
    ranges.extend(line.match_indices("AGE-SECRET-KEY-").map(|(at, _)| {
        let length = token_length(&line[at..]);
        at..at + length
    }));
    // JSON Web Tokens, such as those of service accounts: `{"` in base64.
    ranges.extend(line.match_indices("eyJ").filter_map(|(at, _)| {
        let length = token_length(&line[at..]);
        line[at..at + length]
            .contains('.')
            .then_some(at..at + length)
    }));
    in_order(ranges)
}

/// How far what may stand in a token goes.
fn token_length(text: &str) -> usize {
    let belongs = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Where the value begins on a line whose key is nearly that of a secret, or sounds like one: a typing error must not
/// show the passphrase.
fn mistyped_secret(line: &str) -> Option<usize> {
    let (key, value) = line.split_once(':')?;
    let key = key
        .trim_start_matches([' ', '\t', '-', '{'])
        .trim_matches(['"', '\'', ' ']);
    let meant = sounds_secret(key) || nearest(key, &SECRET_WORDS).is_some();
    let value = value.trim_start();
    let written_below = value.is_empty() || value.starts_with(['|', '>', '#']);
    (meant && !SECRET_WORDS.contains(&key) && !written_below).then_some(line.len() - value.len())
}

/// Words behind which a secret may stand in braces.
const HINTS: [&str; 6] = ["content", "environment", "wifi", "psk", "auth", "manifests"];

/// Where a line with braces, of a text whose braces do not fit together, may begin to hold a secret.
pub(super) fn secret_in_braces(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let hints = HINTS.iter().chain(&SECRET_PARTS);
    let first = hints.filter_map(|hint| lower.find(hint)).min();
    first.filter(|_| line.contains(['{', '}']))
}

/// Where the first secret value stands in `text`.
fn secret_in(text: &str) -> Option<(usize, usize)> {
    let after = |word: &&str| {
        text.match_indices(*word).find_map(|(at, word)| {
            let rest = &text[at + word.len()..];
            let value = rest
                .trim_start_matches(['"', '\'', ' '])
                .strip_prefix([':', '='])?;
            let value = value.trim_start();
            let begin = text.len() - value.len();
            let alone = text[..at].trim_start_matches([' ', '-', '\t']).is_empty();
            let length = secret_length(value, alone);
            (length > 0).then_some((begin, begin + length))
        })
    };
    SECRET_WORDS.iter().filter_map(after).min()
}

/// How much of `value` belongs to it: to the closing quote, to the end of the line, or to the next separator.
fn secret_length(value: &str, whole_line: bool) -> usize {
    match value.chars().next() {
        None | Some('#') => 0,
        Some(quote @ ('"' | '\'')) => value[1..].find(quote).map_or(value.len(), |end| end + 2),
        Some(_) if whole_line => value.len(),
        Some(_) => value.find([',', '}', ' ']).unwrap_or(value.len()),
    }
}
