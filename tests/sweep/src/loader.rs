//! systemd-boot's rules, from its documents: the Boot Loader Specification (UAPI.1), automatic boot assessment, and the Version
//! Format Specification (UAPI.10). Nothing of it is shared with what writes entries.

use std::cmp::Ordering;

/// A file in `EFI/Linux`, as the boot loader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The file.
    pub file: String,
    /// Without its counter: what `LoaderEntryOneShot` names.
    pub id: String,
    /// What the program says it is.
    pub version: String,
    /// How often it may be started still, and how often it was; none if it is not counted.
    pub tries: Option<(u32, u32)>,
}

impl Shown {
    /// What a file of this name, whose program has this version, is.
    pub fn new(file: &str, version: &str) -> Self {
        let (stem, counter) = counter(file);
        Self {
            file: file.to_owned(),
            id: format!("{stem}.efi"),
            version: version.to_owned(),
            tries: counter,
        }
    }

    /// The name that the file gets before it is started; none if its starts are not counted.
    pub fn counted(&self) -> Option<String> {
        let (left, done) = self.tries?;
        let stem = self.id.strip_suffix(".efi")?;
        Some(format!(
            "{stem}+{}-{}.efi",
            left.saturating_sub(1),
            done + 1
        ))
    }
}

/// What is started: the entry that is asked for once, else the first in the boot loader's order.
pub fn choose<'a>(shown: &'a [Shown], one_shot: Option<&str>) -> Option<&'a Shown> {
    let asked = shown
        .iter()
        .find(|entry| Some(entry.id.as_str()) == one_shot);
    asked.or_else(|| shown.iter().min_by(|a, b| order(a, b)))
}

/// Spent entries last, then the newest version first, then the name that is greater, then the one with more tries left.
fn order(a: &Shown, b: &Shown) -> Ordering {
    let spent = |entry: &Shown| matches!(entry.tries, Some((0, _)));
    let left = |entry: &Shown| entry.tries.map_or(-1, |(left, _)| i64::from(left));
    let done = |entry: &Shown| entry.tries.map_or(-1, |(_, done)| i64::from(done));
    spent(a)
        .cmp(&spent(b))
        .then_with(|| newer(&b.version, &a.version))
        .then_with(|| newer(&b.id, &a.id))
        .then_with(|| left(b).cmp(&left(a)))
        .then_with(|| done(a).cmp(&done(b)))
}

fn counter(file: &str) -> (&str, Option<(u32, u32)>) {
    let stem = &file[..file.len().saturating_sub(".efi".len())];
    let read = |text: &str| {
        let (left, done) = text.split_once('-').unwrap_or((text, "0"));
        Some((left.parse().ok()?, done.parse().ok()?))
    };
    match stem.rsplit_once('+') {
        Some((before, text)) if read(text).is_some() => (before, read(text)),
        _ => (stem, None),
    }
}

/// Compares versions as UAPI.10 says.
pub fn newer(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        a = skip(a);
        b = skip(b);
        if let Some(order) = sign(a, b, b'~', Ordering::Less) {
            return order;
        }
        if a.is_empty() || b.is_empty() {
            return a.len().cmp(&b.len());
        }
        for mark in [b'-', b'^', b'.'] {
            if let Some(order) = sign(a, b, mark, Ordering::Less) {
                return order;
            }
        }
        let separated = matches!(a[0], b'~' | b'-' | b'^' | b'.');
        if separated {
            (a, b) = (&a[1..], &b[1..]);
            continue;
        }
        let digits = a[0].is_ascii_digit() || b[0].is_ascii_digit();
        let (part_a, rest_a) = part(a, digits);
        let (part_b, rest_b) = part(b, digits);
        let order = if digits {
            number(part_a).cmp(&number(part_b))
        } else {
            letters(part_a, part_b)
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// Whether one of both goes on with `mark` and the other does not.
fn sign(a: &[u8], b: &[u8], mark: u8, with: Ordering) -> Option<Ordering> {
    match (a.first() == Some(&mark), b.first() == Some(&mark)) {
        (true, false) => Some(with),
        (false, true) => Some(with.reverse()),
        _ => None,
    }
}

fn skip(text: &[u8]) -> &[u8] {
    let known = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'~' | b'-' | b'^' | b'.');
    &text[text.iter().position(known).unwrap_or(text.len())..]
}

fn part(text: &[u8], digits: bool) -> (&[u8], &[u8]) {
    let inside = |c: &u8| {
        if digits {
            c.is_ascii_digit()
        } else {
            c.is_ascii_alphabetic()
        }
    };
    text.split_at(text.iter().position(|c| !inside(c)).unwrap_or(text.len()))
}

fn number(digits: &[u8]) -> (usize, &[u8]) {
    let zeroes = digits.iter().take_while(|&&c| c == b'0').count();
    (digits.len() - zeroes, &digits[zeroes..])
}

/// Capital letters come before small ones.
fn letters(a: &[u8], b: &[u8]) -> Ordering {
    a.cmp(b)
}

#[cfg(test)]
mod tests {
    use super::{Shown, choose, newer};
    use std::cmp::Ordering;

    /// The specification's own examples.
    #[test]
    fn versions_are_ordered_as_the_specification_says() {
        for (older, newest) in [
            ("122.1", "123~rc1-1"),
            ("123~rc1-1", "123"),
            ("123", "123-a"),
            ("123-a", "123-a.1"),
            ("123-a.1", "123-1"),
            ("123-1", "123-1.1"),
            ("123-1.1", "123^post1"),
            ("123^post1", "123.a-1"),
            ("123.a-1", "123.1-1"),
            ("123.1-1", "123a-1"),
            ("123a-1", "124-1"),
            ("1.9.0", "1.10.0"),
            ("1.0.0~rc1", "1.0.0"),
            ("B", "a"),
            ("a_b", "ab"),
        ] {
            assert_eq!(newer(older, newest), Ordering::Less, "{older} {newest}");
            assert_eq!(newer(newest, older), Ordering::Greater, "{newest} {older}");
        }
        for (one, other) in [("11", "011"), ("_1", "1"), ("1_", "1"), ("1", "1")] {
            assert_eq!(newer(one, other), Ordering::Equal, "{one} {other}");
        }
    }

    #[test]
    fn the_newest_that_is_not_spent_is_started() {
        for (files, one_shot, expected) in [
            (vec!["h_1.efi", "h_2+3.efi"], None, "h_2+3.efi"),
            (vec!["h_1.efi", "h_2+0-3.efi"], None, "h_1.efi"),
            (vec!["h_1+0-3.efi", "h_2+0.efi"], None, "h_2+0.efi"),
            (vec!["h_1+1-2.efi", "h_2+0.efi"], None, "h_1+1-2.efi"),
            (vec!["h_1.efi", "h_2+3.efi"], Some("h_1.efi"), "h_1.efi"),
            (vec!["h_2.efi", "h_2+2-1.efi"], None, "h_2+2-1.efi"),
        ] {
            let shown: Vec<_> = files
                .iter()
                .map(|file| Shown::new(file, &file[2..3]))
                .collect();
            let chosen = choose(&shown, one_shot).expect("one of them");
            assert_eq!(chosen.file, expected, "{files:?}");
        }
        assert_eq!(
            Shown::new("h_1+3.efi", "1").counted().as_deref(),
            Some("h_1+2-1.efi")
        );
        assert_eq!(Shown::new("h_1.efi", "1").counted(), None);
    }
}
