//! Parts of a text blotted out, and the credentials in web addresses, which are no business of a reader.

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
        if let Some(sign) = after[..end].rfind('@') {
            ranges.push(begin..begin + sign);
            begin += sign;
        }
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
