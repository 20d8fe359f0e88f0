//! Which values are secret, and how they are kept out of messages and listings.

use crate::tree::Path;

/// Keys whose values are secret wherever they stand.
const SECRET_KEYS: [&str; 5] = ["password", "passphrase", "token", "auth", "key"];

/// What stands in a secret's place.
pub(crate) const BLOT: &str = "(redacted)";

/// Parts of names that people give to secrets: `AWS_SECRET_ACCESS_KEY`, `oidc-client-secret`.
const SECRET_PARTS: [&str; 8] = [
    "passphrase",
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "private_key",
];

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
    let key = key.to_ascii_lowercase();
    SECRET_PARTS.iter().any(|part| key.contains(part))
}

/// True for a manifest that holds a Secret.
pub(crate) fn holds_a_secret(manifest: &str) -> bool {
    manifest.lines().any(|line| {
        let line = line.trim_start_matches(['-', ' ', '{', '"']);
        let value = line
            .strip_prefix("kind")
            .map(|rest| rest.trim_start_matches(['"', ':', ' ', '\'']));
        value.is_some_and(|value| value.starts_with("Secret"))
    })
}

/// Words after which a secret stands on the same line.
const SECRET_WORDS: [&str; 3] = ["password", "passphrase", "token"];

/// A line of a configuration, or of a kernel command line, with the values of secret keys blotted out.
pub(crate) fn blot_line(line: &str) -> String {
    if let Some(at) = line.find("PRIVATE KEY") {
        return format!("{}{BLOT}", &line[..at]);
    }
    if let Some(begin) = mistyped_secret(line) {
        return format!("{}{BLOT}", &line[..begin]);
    }
    let mut shown = String::new();
    let mut rest = line;
    while let Some((begin, end)) = secret_in(rest) {
        shown.push_str(&rest[..begin]);
        shown.push_str(BLOT);
        rest = &rest[end..];
    }
    shown.push_str(rest);
    blot_text(&shown)
}

/// Where the value begins on a line whose key is nearly that of a secret, or sounds like one: a typing error must not
/// show the passphrase.
fn mistyped_secret(line: &str) -> Option<usize> {
    let (key, value) = line.split_once(':')?;
    let key = key
        .trim_start_matches([' ', '\t', '-', '{'])
        .trim_matches(['"', '\'', ' ']);
    let meant = sounds_secret(key) || crate::check::nearest(key, &SECRET_WORDS).is_some();
    let value = value.trim_start();
    let written_below = value.is_empty() || value.starts_with(['|', '>', '#']);
    (meant && !SECRET_WORDS.contains(&key) && !written_below).then_some(line.len() - value.len())
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
            let length = secret_length(
                value,
                text[..at].trim_start_matches([' ', '-', '\t']).is_empty(),
            );
            (length > 0 && !value.starts_with(BLOT)).then_some((begin, begin + length))
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

/// Text with the credentials in web addresses blotted out: `http://user:password@proxy` is a secret too.
pub(crate) fn blot_text(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || "/\"'?#".contains(c))
            .unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(sign) => {
                shown.push_str(BLOT);
                &after[sign..]
            }
            None => after,
        };
    }
    shown.push_str(rest);
    shown
}
