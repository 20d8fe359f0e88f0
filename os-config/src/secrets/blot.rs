//! Parts of a text blotted out, and the credentials in web addresses, which are no business of a reader.

use super::names::sounds_secret;
use std::ops::Range;

/// What stands in a secret's place.
pub(crate) const BLOT: &str = "(redacted)";

/// Text with the credentials in web addresses blotted out: `http://user:password@proxy` is a secret too.
pub fn hide_credentials(text: &str) -> String {
    blotted(text, &credentials(text))
}

/// `text` with the given parts blotted out; they are in order, and what lies beyond the text does not count.
pub(super) fn blotted(text: &str, ranges: &[Range<usize>]) -> String {
    let mut shown = String::new();
    let mut from = 0;
    for range in ranges.iter().filter(|range| range.start < text.len()) {
        shown.push_str(&text[from..range.start]);
        shown.push_str(BLOT);
        from = range.end.min(text.len());
    }
    shown.push_str(&text[from..]);
    shown
}

/// Where credentials stand in web addresses.
pub(super) fn credentials(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut begin = 0;
    while let Some(at) = text[begin..].find("://") {
        begin += at + 3;
        let after = &text[begin..];
        let word = after
            .find(|c: char| c.is_whitespace() || "\"'".contains(c))
            .unwrap_or(after.len());
        let end = after[..word].find(['/', '?', '#']).unwrap_or(word);
        let end = if is_cut(&after[..word], end) {
            word
        } else {
            end
        };
        let mut rest = &after[..word];
        if let Some(sign) = after[..end].rfind('@') {
            ranges.push(begin..begin + sign);
            begin += sign;
            rest = &after[sign..word];
        }
        ranges.extend(query(rest, begin));
    }
    in_order(ranges)
}

/// Sorted, and those that overlap as one: an address may stand in the query of another.
pub(super) fn in_order(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut all: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match all.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => all.push(range),
        }
    }
    all
}

/// Names in a query whose values open what the address leads to, besides those that sound secret.
const QUERY: [&str; 5] = ["sig", "signature", "x-amz-signature", "key", "auth"];

/// Where the secrets of an address's query stand, `?token=…`, in order; the address begins at `begin` in its text.
fn query(address: &str, begin: usize) -> Vec<Range<usize>> {
    let end = address.find('#').unwrap_or(address.len());
    let Some(mark) = address[..end].find('?') else {
        return Vec::new();
    };
    let mut ranges = Vec::new();
    let mut at = mark + 1;
    for pair in address[at..end].split('&') {
        if let Some((name, value)) = pair.split_once('=') {
            let is_secret =
                sounds_secret(name) || QUERY.contains(&name.to_ascii_lowercase().as_str());
            if is_secret && !value.is_empty() {
                let from = begin + at + name.len() + 1;
                ranges.push(from..from + value.len());
            }
        }
        at += pair.len() + 1;
    }
    ranges
}

/// True when the sign at `end` stands in a password, and was meant as a part of it.
fn is_cut(address: &str, end: usize) -> bool {
    let (host, behind) = address.split_at(end);
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let no_port = port.is_some_and(|port| !port.bytes().all(|b| b.is_ascii_digit()));
    let in_path = behind.starts_with('/') && (host.contains('@') || !no_port);
    behind.contains('@') && !in_path
}

#[cfg(test)]
mod tests {
    use super::hide_credentials;

    #[test]
    fn what_opens_an_address_is_hidden() {
        for (text, expected) in [
            ("https://a.example/m.yaml", "https://a.example/m.yaml"),
            (
                "https://a.example/m.yaml?ref=main&token=abc&x=1#token=y",
                "https://a.example/m.yaml?ref=main&token=(redacted)&x=1#token=y",
            ),
            (
                "https://me:pass@a.example/m?X-Amz-Signature=abc",
                "https://(redacted)@a.example/m?X-Amz-Signature=(redacted)",
            ),
            (
                "http://me:pa?token=ss@proxy.example:3128/?token=a&key=b",
                "http://(redacted)@proxy.example:3128/?token=(redacted)&key=(redacted)",
            ),
            (
                "https://a.example/?token=&page=2",
                "https://a.example/?token=&page=2",
            ),
            (
                "see https://a.example/?sig=1 and ?sig=2",
                "see https://a.example/?sig=(redacted) and ?sig=2",
            ),
            (
                "https://a/?url=https://me:pw@b/&token=x",
                "https://a/?url=https://(redacted)@b/&token=(redacted)",
            ),
            ("?://?=&://?token=://x", "?://?=&://?token=(redacted)"),
        ] {
            assert_eq!(hide_credentials(text), expected, "{text}");
        }
    }
}
