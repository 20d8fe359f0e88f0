//! Which values are secret, and how they are kept out of messages and listings.

use crate::tree::Path;

/// Keys whose values are secret wherever they stand.
const SECRET_KEYS: [&str; 5] = ["password", "passphrase", "token", "auth", "key"];

/// What stands in a secret's place.
pub(crate) const BLOT: &str = "(redacted)";

/// True when the value at `path` must not be shown.
pub(crate) fn is_secret(path: &Path) -> bool {
    let mut keys = path.keys();
    let first = keys.next();
    let named = |key: &str| SECRET_KEYS.contains(&key);
    match first {
        Some("password" | "token") => true,
        Some("registries" | "network") => keys.any(named),
        _ => false,
    }
}

/// A line of a configuration with the value of a secret key blotted out.
pub(crate) fn blot_line(line: &str) -> String {
    let Some(colon) = line.find(':') else {
        return line.to_owned();
    };
    let key = line[..colon]
        .trim_start_matches([' ', '\t', '-', '{'])
        .trim_matches(['"', '\'', ' ']);
    let value = line[colon + 1..].trim();
    if SECRET_KEYS.contains(&key) && !value.is_empty() && !value.starts_with('#') {
        format!("{}: {BLOT}", &line[..colon])
    } else {
        line.to_owned()
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
