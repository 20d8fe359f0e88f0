//! Names of packages, with `*` for any letters.

use crate::error::{Error, Result};
use globset::{Glob, GlobMatcher};

/// Which packages are meant.
#[derive(Debug, Clone, Default)]
pub struct Patterns(Vec<GlobMatcher>);

impl Patterns {
    /// Checks what was written at `place`, which messages name.
    ///
    /// # Errors
    /// One of them is no name of a package, or names all there are.
    pub fn new<S: AsRef<str>>(place: &str, texts: &[S]) -> Result<Self> {
        let patterns = texts.iter().map(|text| pattern(place, text.as_ref()));
        Ok(Self(patterns.collect::<Result<_>>()?))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them means this package.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(name))
    }

    /// As they were written.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|pattern| pattern.glob().glob())
    }

    /// Those that mean none of these packages.
    pub(crate) fn idle<'a>(&self, names: impl Iterator<Item = &'a str> + Clone) -> Vec<&str> {
        let means = |pattern: &&GlobMatcher| !names.clone().any(|name| pattern.is_match(name));
        let idle = self.0.iter().filter(means);
        idle.map(|pattern| pattern.glob().glob()).collect()
    }
}

/// Debian's rule for names, and two letters before a `*`: a pattern for everything is a mistake.
fn pattern(place: &str, text: &str) -> Result<GlobMatcher> {
    let named = text.split('*').next().unwrap_or_default();
    let plain = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '*')
    };
    if named.len() < 2 || !text.chars().all(plain) {
        return Err(Error::Wrong(format!(
            "{place}: {text:?} names no packages: a pattern is a name of a-z, 0-9, `+`, `-`, `.`, with `*` for any letters behind the first two"
        )));
    }
    let glob = Glob::new(text).map_err(Error::format("a pattern of packages"))?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::Patterns;

    #[test]
    fn packages_are_named_by_patterns() {
        let patterns = Patterns::new("here", &["linux-base", "linux-image-*"]).expect("valid");
        for (name, meant) in [
            ("linux-base", true),
            ("linux-base-arm64", false),
            ("linux-image-7.3.4+deb13-arm64", true),
            ("linux-image", false),
            ("my-linux-base", false),
        ] {
            assert_eq!(patterns.matches(name), meant, "{name}");
        }
        let names = ["linux-base", "bash"];
        assert_eq!(patterns.idle(names.into_iter()), ["linux-image-*"]);
    }

    #[test]
    fn what_names_nothing_or_everything_is_refused() {
        for text in [
            "",
            "*",
            "l*",
            "Linux",
            "linux image",
            "linux_image",
            "linux-[ab]",
        ] {
            let error = Patterns::new("packages.toml: backports", &[text]).expect_err(text);
            let said = error.to_string();
            assert!(
                said.starts_with("packages.toml: backports: ")
                    && said.contains("names no packages"),
                "{text}: {said}"
            );
        }
    }
}
