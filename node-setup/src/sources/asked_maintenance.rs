//! The word on the kernel's command line that asks for maintenance mode.

use super::signed_words;
use disk::layout::{END_OF_SIGNED, MAINTENANCE, MAINTENANCE_ENTRY};

/// Who asks for it on this line, in words that follow "by". The word in the image's own part of the line is that of the boot menu's
/// entry.
pub(super) fn asked_by(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let (own, _) = signed_words::split(&text);
    match (asks(own), own.ends_with(END_OF_SIGNED)) {
        (true, true) => Some(format!("the boot menu's entry \"{MAINTENANCE_ENTRY}\"")),
        _ => asks(&text).then(|| format!("`{MAINTENANCE}` on the kernel's command line")),
    }
}

/// Whether a line has the word; `=0` and the like take it back.
fn asks(line: &str) -> bool {
    let asks = |word: &str| {
        let rest = word.strip_prefix(MAINTENANCE)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(!matches!(value, "0" | "false" | "no" | "off")),
            None => rest.is_empty().then_some(true),
        }
    };
    line.split_whitespace().filter_map(asks).next_back() == Some(true)
}

#[cfg(test)]
mod tests {
    use super::asked_by;

    #[test]
    fn a_word_on_the_kernels_line_asks_for_maintenance() {
        let (typed, entry) = (Some("kernel's command line"), Some("boot menu's entry"));
        for (line, expected) in [
            ("quiet holdfast.maintenance\n", typed),
            ("holdfast.maintenance=1 quiet", typed),
            ("holdfast.maintenance=yes", typed),
            ("holdfast.maintenance=0", None),
            ("holdfast.maintenance holdfast.maintenance=off", None),
            ("quiet", None),
            ("holdfast.maintenanceless", None),
            ("xholdfast.maintenance", None),
            ("a=1 holdfast.maintenance holdfast.end\n", entry),
            ("a=1 holdfast.maintenance holdfast.end quiet", entry),
            ("a=1 holdfast.end holdfast.maintenance\n", typed),
            // Of a release that does not say where its line ends.
            ("a=1 holdfast.maintenance", typed),
        ] {
            let by = asked_by(line.as_bytes());
            assert_eq!(by.is_some(), expected.is_some(), "{line}");
            let by = by.unwrap_or_default();
            assert!(by.contains(expected.unwrap_or_default()), "{line}: {by}");
        }
    }
}
