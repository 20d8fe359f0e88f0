//! One value of one card.

use os_config::tree::{Path, Step};
use std::fmt;

/// A value, and where it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    key: String,
    path: Path,
    value: String,
    origin: Origin,
}

/// Where a value was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Set,
    /// In an inventory.
    Cell {
        /// The file, as it was named.
        file: String,
        /// Its line.
        line: u64,
        /// The row of data, from 1.
        row: usize,
    },
}

/// A value that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No value.
    #[error("write KEY=VALUE, such as hostname=store-17-a")]
    NoValue,
    /// No key.
    #[error(
        "`{0}` names no key: write it as `holdfast config explain` does, such as hostname, labels[example.com/site] or network.interfaces[0].name"
    )]
    NoKey(String),
    /// A key that says what the file is, and is no setting.
    #[error("`{0}` is not for single cards: write it into config.yaml")]
    NotForCards(String),
    /// A value that cannot be carried.
    #[error(
        "the value of `{0}` has a double quote or a control character in it: write it into config.yaml"
    )]
    Value(String),
}

/// What the format says of itself, and words that would be taken for the boot's.
const NOT_FOR_CARDS: [&str; 5] = ["version", "maintenance", "roothash", "rootsize", "end"];

impl Setting {
    /// A value for `key`, read at `origin`.
    ///
    /// # Errors
    /// It names no key, or cannot be carried.
    pub fn new(key: &str, value: &str, origin: Origin) -> Result<Self, SettingError> {
        let plain = |c: char| !c.is_control() && c != '"';
        let path = Path::parse(key)
            .filter(|path| matches!(path.0.first(), Some(Step::Key(_))))
            .filter(|_| {
                key.chars()
                    .all(|c| plain(c) && c != '=' && !c.is_whitespace())
            })
            .ok_or_else(|| SettingError::NoKey(key.to_owned()))?;
        if path
            .keys()
            .next()
            .is_some_and(|first| NOT_FOR_CARDS.contains(&first))
        {
            return Err(SettingError::NotForCards(key.to_owned()));
        }
        if !value.chars().all(plain) {
            return Err(SettingError::Value(key.to_owned()));
        }
        Ok(Self {
            key: key.to_owned(),
            path,
            value: value.to_owned(),
            origin,
        })
    }

    /// Reads `KEY=VALUE`.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let (key, value) = text.split_once('=').ok_or(SettingError::NoValue)?;
        Self::new(key, value, Origin::Set)
    }

    /// The way to the value.
    pub(super) const fn path(&self) -> &Path {
        &self.path
    }

    /// As a word of a kernel command line, which the checks take as a source: values are text there, as they are here, and
    /// what the schema wants decides what they become.
    pub(super) fn word(&self) -> String {
        format!("\"holdfast.{}={}\"", self.key, self.value)
    }
}

impl fmt::Display for Setting {
    /// Where it was read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.origin {
            Origin::Set => write!(f, "--set {key}=…"),
            Origin::Cell { file, line, row } => {
                write!(f, "{file}:{line}, row {row}, column {key}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Setting, SettingError};

    #[test]
    fn a_setting_is_a_key_and_a_value() {
        for (text, expected) in [
            ("hostname=a", Ok("\"holdfast.hostname=a\"")),
            (
                "labels[a.b/c]=x=y z",
                Ok("\"holdfast.labels[a.b/c]=x=y z\""),
            ),
            ("hostname=", Ok("\"holdfast.hostname=\"")),
            ("hostname", Err(SettingError::NoValue)),
            ("=a", Err(SettingError::NoKey(String::new()))),
            ("[0]=a", Err(SettingError::NoKey("[0]".into()))),
            ("host name=a", Err(SettingError::NoKey("host name".into()))),
            (
                "version=1",
                Err(SettingError::NotForCards("version".into())),
            ),
            ("password=a\"b", Err(SettingError::Value("password".into()))),
            ("password=a\nb", Err(SettingError::Value("password".into()))),
        ] {
            let found = Setting::parse(text).map(|setting| setting.word());
            assert_eq!(found, expected.map(str::to_owned), "{text}");
        }
    }
}
