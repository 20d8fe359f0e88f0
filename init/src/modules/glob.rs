//! The patterns of `modules.alias`.

/// Whether `text` matches `pattern`, in which `*` stands for any text, `?` for any character and `[a-f]` for one of a
/// range or list.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on when the rest does not fit: after the last star, with one more byte given to it.
    let mut retry = None;
    loop {
        let step = match pattern.get(p) {
            None if t == text.len() => return true,
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(_) if t < text.len() => element_length(&pattern[p..], text[t]),
            _ => None,
        };
        match (step, retry) {
            (Some(length), _) => {
                p += length;
                t += 1;
            }
            (None, Some((after, given))) if given < text.len() => {
                retry = Some((after, given + 1));
                (p, t) = (after, given + 1);
            }
            _ => return false,
        }
    }
}

/// The length of the pattern's first element if it fits the byte.
fn element_length(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|b| *b == b']')?;
            in_class(&rest[..end], byte).then_some(end + 2)
        }
        [first, ..] => (*first == byte).then_some(1),
        [] => None,
    }
}

fn in_class(class: &[u8], byte: u8) -> bool {
    match class {
        [low, b'-', high, rest @ ..] => (*low..=*high).contains(&byte) || in_class(rest, byte),
        [single, rest @ ..] => *single == byte || in_class(rest, byte),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;
    use proptest::prelude::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            (
                "pci:v00001AF4d00001001sv*sd*bc*sc*i*",
                "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00",
                true,
            ),
            (
                "pci:v00001AF4d00001002sv*",
                "pci:v00001AF4d00001001sv1",
                false,
            ),
            ("virtio:d00000002v*", "virtio:d00000002v00001AF4", true),
            (
                "usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*",
                "usb:v0951p1666d0110dc00dsc00dp00ic08isc06ip50in00",
                true,
            ),
            ("usb:d0[0-3]*", "usb:d02x", true),
            ("usb:d0[0-3]*", "usb:d04x", false),
            ("a[xyz]b", "azb", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*a*b", "aaab", true),
            ("a*c", "ab", false),
            ("[", "[", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn every_text_matches_itself_and_a_star(text in "[a-zA-Z0-9:]{0,40}") {
            prop_assert!(matches(&text, &text));
            let starred = format!("{text}*");
            prop_assert!(matches(&starred, &text));
        }

        #[test]
        fn any_pattern_is_judged_without_panic(pattern in "[ab*?\\[\\]-]{0,20}", text in "[ab]{0,20}") {
            let _ = matches(&pattern, &text);
        }
    }
}
