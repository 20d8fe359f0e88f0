//! Which of two releases the boot loader starts first: the newer one, as the Version Format Specification (UAPI.10) orders them.
//! That is not the order of semantic versions: there, `1.2.0-rc1` comes before `1.2.0`.

use crate::EntryName;
use std::cmp::Ordering;

/// Whether the boot loader starts `one` before `other`, when neither is spent.
pub fn starts_before(one: &EntryName, other: &EntryName) -> bool {
    compare(one.version(), other.version()).is_gt()
}

fn compare(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    loop {
        one = from_known(one);
        other = from_known(other);
        for separator in [b'~', 0, b'-', b'^', b'.'] {
            if separator == 0 {
                if one.is_empty() || other.is_empty() {
                    return one.len().cmp(&other.len());
                }
                continue;
            }
            let (here, there) = (one.first(), other.first());
            let order = (there == Some(&separator)).cmp(&(here == Some(&separator)));
            if order.is_ne() {
                return order;
            }
        }
        if matches!(one[0], b'~' | b'-' | b'^' | b'.') {
            (one, other) = (&one[1..], &other[1..]);
            continue;
        }
        let is_number = one[0].is_ascii_digit() || other[0].is_ascii_digit();
        let (here, one_rest) = part(one, is_number);
        let (there, other_rest) = part(other, is_number);
        let by_length = here.len().cmp(&there.len());
        let order = match is_number {
            true => by_length.then_with(|| here.cmp(there)),
            false => here.cmp(there),
        };
        if order.is_ne() {
            return order;
        }
        (one, other) = (one_rest, other_rest);
    }
}

/// What comes after characters that mean nothing.
fn from_known(text: &[u8]) -> &[u8] {
    let known = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'~' | b'-' | b'^' | b'.');
    &text[text.iter().position(known).unwrap_or(text.len())..]
}

/// The number, without zeroes before it, or the letters that `text` begins with, and the rest.
fn part(text: &[u8], is_number: bool) -> (&[u8], &[u8]) {
    let inside = |c: &u8| match is_number {
        true => c.is_ascii_digit(),
        false => c.is_ascii_alphabetic(),
    };
    let (part, rest) = text.split_at(text.iter().position(|c| !inside(c)).unwrap_or(text.len()));
    let zeroes = part.iter().take_while(|&&c| is_number && c == b'0').count();
    (&part[zeroes..], rest)
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering;

    /// The examples of the specification, and what our versions are like.
    #[test]
    fn versions_have_the_boot_loaders_order() {
        let rising = [
            "122.1",
            "123~rc1-1",
            "123",
            "123-a",
            "123-a.1",
            "123-1",
            "123-1.1",
            "123^post1",
            "123.a-1",
            "123.1-1",
            "123a-1",
            "124-1",
        ];
        for (at, older) in rising.iter().enumerate() {
            for newer in &rising[at + 1..] {
                assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
                assert_eq!(compare(newer, older), Ordering::Greater, "{newer} {older}");
            }
        }
        for (one, other, order) in [
            ("1.9.0", "1.10.0", Ordering::Less),
            ("1.2.0-rc1", "1.2.0", Ordering::Greater),
            ("1.2.0~rc1", "1.2.0", Ordering::Less),
            ("1.02", "1.2", Ordering::Equal),
            ("", "", Ordering::Equal),
        ] {
            assert_eq!(compare(one, other), order, "{one} {other}");
        }
    }
}
