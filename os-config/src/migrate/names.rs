//! k3OS's fuzzy names: `dnsNameservers`, `dns_nameserver` and `dns-nameservers` are one key.

/// True when `given` is one of the spellings of `name`.
pub(super) fn same(given: &str, name: &str) -> bool {
    essence(given) == essence(name)
}

/// The one of `names` that `given` is a spelling of.
pub(super) fn find<'a>(given: &str, names: &[&'a str]) -> Option<&'a str> {
    names.iter().copied().find(|name| same(given, name))
}

/// Letters and digits in lower case, without the plural.
fn essence(name: &str) -> String {
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
