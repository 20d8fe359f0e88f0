//! k3OS's fuzzy names: `dnsNameservers`, `dns_nameserver` and `dns-nameservers` are one key.

use super::draft::{Draft, nest};
use os_config::tree::Node;

/// True when `given` is one of the spellings of `name`.
pub(super) fn is_spelling_of(given: &str, name: &str) -> bool {
    letters_of(given) == letters_of(name)
}

/// The one of `names` that `given` is a spelling of.
pub(super) fn find<'a>(given: &str, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .copied()
        .find(|name| is_spelling_of(given, name))
}

/// Sets the member `key`; one that was set already, by another spelling, is noted as lost.
pub(super) fn set<'a>(
    draft: &mut Draft,
    members: &mut Vec<(&'a str, Node)>,
    key: &'a str,
    value: Node,
    above: &[&str],
) {
    let Some((_, before)) = members.iter_mut().find(|(name, _)| *name == key) else {
        members.push((key, value));
        return;
    };
    let line = value.span.line;
    let before = std::mem::replace(before, value);
    let message = format!("given again on line {line}, and that one counts");
    let way = [above, &[key]].concat();
    let span = before.span;
    draft.lost(span, &way.join("."), message, nest(&way, before));
}

/// Letters and digits in lower case, without the plural.
fn letters_of(name: &str) -> String {
    let mut letters: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if letters.len() > 2 && letters.ends_with('s') {
        letters.pop();
    }
    letters
}
