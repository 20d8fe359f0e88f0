//! `buildroot/lock/<name>.lock`: every package exactly, by version, pool path and digest. No host is named.

use super::patterns::Patterns;
use crate::error::{Error, Result};
use crate::file;
use serde::{Deserialize, Serialize};
use std::path::Path;

const HEAD: &str = "# Written by `holdfast build lock`; not meant to be edited by hand.\n\n";

/// Which Debian archive a package is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Archive {
    /// The main archive.
    Debian,
    /// The security archive.
    Security,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPackage {
    /// Package name.
    pub name: String,
    /// Debian version, with its epoch.
    pub version: String,
    /// `amd64`, `arm64` or `all`.
    pub arch: String,
    /// Where it comes from.
    pub archive: Archive,
    /// Path below the archive's root.
    pub path: String,
    /// Bytes of the .deb.
    pub size: u64,
    /// SHA-256 of the .deb, hexadecimal.
    pub sha256: String,
}

/// A whole lock, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The packages.
    #[serde(rename = "package")]
    pub packages: Vec<LockedPackage>,
}

impl Lock {
    /// Parses and checks a lock.
    ///
    /// # Errors
    /// When it does not parse, or names a package twice, or has a digest or path that cannot be one.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let lock: Self = toml::from_str(text).map_err(Error::parse(path))?;
        let mut last = "";
        for package in &lock.packages {
            let wrong = |what: &str| {
                Error::Wrong(format!(
                    "{}: package {}: {what}; run `holdfast build lock`",
                    path.display(),
                    package.name
                ))
            };
            if package.name.as_str() <= last {
                return Err(wrong("named twice or out of order"));
            }
            if package.sha256.len() != 64 || !package.sha256.bytes().all(|b| b.is_ascii_hexdigit())
            {
                return Err(wrong("its sha256 is not 64 hexadecimal digits"));
            }
            if !package.path.starts_with("pool/")
                || package.path.split('/').any(|part| part == "..")
            {
                return Err(wrong("its path is not below pool/"));
            }
            last = &package.name;
        }
        Ok(lock)
    }

    /// Reads a lock.
    ///
    /// # Errors
    /// As [`Lock::parse`], or when there is none.
    pub fn load(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Error::Wrong(format!(
                "{} is not there: run `holdfast build lock`",
                path.display()
            )));
        }
        Self::parse(&file::text(path)?, path)
    }

    /// The text of the lock file.
    ///
    /// # Errors
    /// Never in practice; the serializer's own.
    pub fn render(&self) -> Result<String> {
        let body = toml::to_string(self).map_err(|e| Error::Format {
            what: "the lock",
            source: Box::new(e),
        })?;
        Ok(format!("{HEAD}{body}"))
    }

    /// This lock's packages where `only` names them, those of `old` for the rest.
    pub(crate) fn limited(self, old: &Self, only: &Patterns) -> Self {
        let named = |package: &LockedPackage| only.matches(&package.name);
        let new = self.packages.into_iter().filter(named);
        let kept = old.packages.iter().filter(|package| !named(package));
        let mut packages: Vec<LockedPackage> = new.chain(kept.cloned()).collect();
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        Self { packages }
    }

    /// What changed from `old` to this lock, one line each.
    #[must_use]
    pub fn changes(&self, old: &Self) -> Vec<String> {
        let find = |lock: &Self, name: &str| {
            lock.packages
                .iter()
                .find(|p| p.name == name)
                .map(|p| p.version.clone())
        };
        let mut names: Vec<&str> = self
            .packages
            .iter()
            .chain(&old.packages)
            .map(|p| p.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .filter_map(|name| match (find(old, name), find(self, name)) {
                (Some(before), Some(after)) if before != after => {
                    Some(format!("{name} {before} -> {after}"))
                }
                (Some(before), None) => Some(format!("{name} {before} removed")),
                (None, Some(after)) => Some(format!("{name} {after} added")),
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A package of that name and version; the rest is of no matter.
    pub(in crate::packages) fn package(name: &str, version: &str) -> LockedPackage {
        LockedPackage {
            name: name.into(),
            version: version.into(),
            arch: "amd64".into(),
            archive: Archive::Debian,
            path: format!("pool/main/{name}.deb"),
            size: 10,
            sha256: "0".repeat(64),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let lock = Lock {
            packages: vec![package("a", "1:2"), package("b", "3")],
        };
        let text = lock.render().expect("text");
        assert!(text.starts_with("# Written by"), "{text}");
        assert_eq!(Lock::parse(&text, Path::new("l")).expect("valid"), lock);
    }

    #[test]
    fn bad_locks_are_refused() {
        type Spoil = fn(&mut Vec<LockedPackage>);
        let cases: [(&str, Spoil, &str); 4] = [
            ("twice", |p| p[1].name = "a".into(), "named twice"),
            (
                "short digest",
                |p| p[0].sha256 = "12".into(),
                "64 hexadecimal",
            ),
            (
                "outside the pool",
                |p| p[0].path = "pool/../../x".into(),
                "not below pool/",
            ),
            (
                "absolute",
                |p| p[0].path = "/pool/x".into(),
                "not below pool/",
            ),
        ];
        for (name, spoil, want) in cases {
            let mut packages = vec![package("a", "1"), package("b", "1")];
            spoil(&mut packages);
            let text = Lock { packages }.render().expect("text");
            let error = Lock::parse(&text, Path::new("l"))
                .expect_err(name)
                .to_string();
            assert!(
                error.contains(want) && error.contains("holdfast build lock"),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn only_what_is_named_changes() {
        let old = Lock {
            packages: vec![
                package("bash", "1"),
                package("linux-6", "1"),
                package("z", "1"),
            ],
        };
        let new = Lock {
            packages: vec![
                package("bash", "2"),
                package("dracut", "1"),
                package("linux-7", "1"),
            ],
        };
        let only = Patterns::new("here", &["linux-*"]).expect("valid");
        let limited = new.limited(&old, &only);
        assert_eq!(
            limited.changes(&old),
            ["linux-6 1 removed", "linux-7 1 added"]
        );
        let names: Vec<&str> = limited.packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["bash", "linux-7", "z"]);
    }

    #[test]
    fn changes_between_locks() {
        let old = Lock {
            packages: vec![package("a", "1"), package("b", "1")],
        };
        let new = Lock {
            packages: vec![package("a", "2"), package("c", "1")],
        };
        assert_eq!(new.changes(&old), ["a 1 -> 2", "b 1 removed", "c 1 added"]);
    }
}
