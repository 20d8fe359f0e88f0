//! The name of an entry, and the counter in it.

use std::fmt;
use std::str::FromStr;

/// What all our entries' names begin with.
const PREFIX: &str = "holdfast_";
const ENDING: &str = ".efi";

/// The name of a release's entry, without a counter: `holdfast_1.2.0.efi`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryName(String);

/// How often the boot loader may start an entry still, and how often it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Tries that are left.
    pub left: u32,
    /// Tries that were used.
    pub done: u32,
}

/// An entry as it stands on the boot partition. Without a counter it is known as good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: EntryName,
    /// Its counter.
    pub counter: Option<Counter>,
}

/// A text that is no name of an entry of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no boot entry of Holdfast: expected holdfast_VERSION.efi, VERSION of letters, digits, '.', '-', '_', '~'"
)]
pub struct BadEntryName(pub String);

impl EntryName {
    /// The entry of a version.
    ///
    /// # Errors
    /// The version has characters that cannot stand in a file's name there; `+` begins a counter.
    pub fn of_version(version: &str) -> Result<Self, BadEntryName> {
        format!("{PREFIX}{version}{ENDING}").parse()
    }

    /// The version in it.
    pub fn version(&self) -> &str {
        &self.0[PREFIX.len()..self.0.len() - ENDING.len()]
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntryName {
    type Err = BadEntryName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_suffix(ENDING));
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~');
        match version {
            Some(version)
                if !version.is_empty() && version.len() <= 100 && version.chars().all(good) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(BadEntryName(text.to_owned())),
        }
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Counter {
    /// That of an entry that was never started.
    pub const fn fresh(tries: u32) -> Self {
        Self {
            left: tries,
            done: 0,
        }
    }
}

impl Entry {
    /// Reads the name of a file in `EFI/Linux`; none if it is no entry of ours.
    pub fn of_file(file: &str) -> Option<Self> {
        let stem = file.strip_suffix(ENDING)?;
        let Some((before, counter)) = stem.rsplit_once('+') else {
            let name = file.parse().ok()?;
            return Some(Self {
                name,
                counter: None,
            });
        };
        let (left, done) = match counter.split_once('-') {
            Some((left, done)) => (number(left)?, number(done)?),
            None => (number(counter)?, 0),
        };
        Some(Self {
            name: format!("{before}{ENDING}").parse().ok()?,
            counter: Some(Counter { left, done }),
        })
    }

    /// The file's name.
    pub fn file(&self) -> String {
        let stem = &self.name.0[..self.name.0.len() - ENDING.len()];
        match self.counter {
            None => self.name.0.clone(),
            Some(Counter { left, done: 0 }) => format!("{stem}+{left}{ENDING}"),
            Some(Counter { left, done }) => format!("{stem}+{left}-{done}{ENDING}"),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    (!text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{Counter, Entry, EntryName};
    use proptest::prelude::*;

    #[test]
    fn names_and_counters_are_read_and_written() {
        let counted = |left, done| Some(Counter { left, done });
        for (file, name, counter) in [
            ("holdfast_1.2.0.efi", "holdfast_1.2.0.efi", None),
            ("holdfast_1.2.0+3.efi", "holdfast_1.2.0.efi", counted(3, 0)),
            (
                "holdfast_1.2.0+2-1.efi",
                "holdfast_1.2.0.efi",
                counted(2, 1),
            ),
            (
                "holdfast_1.2.0-rc1+0-3.efi",
                "holdfast_1.2.0-rc1.efi",
                counted(0, 3),
            ),
        ] {
            let entry = Entry::of_file(file).expect(file);
            assert_eq!((entry.name.as_str(), entry.counter), (name, counter));
            assert_eq!(entry.file(), file);
        }
        for stranger in [
            "",
            "linux.efi",
            "holdfast_.efi",
            "holdfast_1.2.0.efi.new",
            "holdfast_1.2.0+.efi",
            "holdfast_1.2.0+x.efi",
            "holdfast_1.2.0+3-.efi",
            "holdfast_1.2.0+-1.efi",
            "holdfast_1.2.0+99999.efi",
            "holdfast_1/2.efi",
        ] {
            assert_eq!(Entry::of_file(stranger), None, "{stranger}");
        }
        assert!(EntryName::of_version("1.2.0+build").is_err());
        let name = EntryName::of_version("1.2.0").expect("a version");
        assert_eq!(name.version(), "1.2.0");
    }

    proptest! {
        #[test]
        fn any_file_is_judged_without_panic_and_ours_come_back(file in "\\PC*|holdfast_[0-9.+-]*\\.efi") {
            if let Some(entry) = Entry::of_file(&file) {
                let again = Entry::of_file(&entry.file());
                prop_assert_eq!(again, Some(entry));
            }
        }
    }
}
