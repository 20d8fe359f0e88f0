//! The ground all text values stand on: a checked string that cannot be built invalid.

use std::fmt;

/// Why a value is refused, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong, without the key and without a full stop: `"Box_1" is not a host name`.
    pub message: String,
    /// What to do about it, a sentence; empty when the message says it already.
    pub help: String,
}

impl Invalid {
    /// A refusal with its remedy.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.help.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}; {}", self.message, self.help)
        }
    }
}

impl std::error::Error for Invalid {}

/// A kind of text: how it is checked, and what it looks like to an editor.
pub(crate) trait TextValue {
    /// What a checked one is.
    type Checked;
    /// What it looks like, as a regular expression (ECMA 262). It takes everything that [`TextValue::check`] takes, and
    /// some more where the rule is no matter of characters: octets beyond 255, `..` in a path. Tests hold the two against
    /// each other.
    const PATTERN: &str;
    /// How many characters it has at least.
    const SHORTEST: Option<u32> = None;
    /// How many characters it has at most.
    const LONGEST: Option<u32> = None;
    /// Numbers, true and false are taken for the text that they are written as.
    const LOOSE: bool = false;

    /// Checks `text`.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(text: &str) -> Result<Self::Checked, Invalid>;
}

/// Implements [`TextValue`] for a type by a function.
macro_rules! text_value {
    ($name:ident => $checked:ty, $check:path, $($facts:item)*) => {
        impl $crate::values::text::TextValue for $name {
            type Checked = $checked;
            $($facts)*
            fn check(text: &str) -> Result<$checked, $crate::Invalid> {
                $check(text)
            }
        }
    };
}

/// The text in double quotes, shortened, with what nobody sees made visible; credentials in addresses and private keys are blotted
/// out.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", shortened(text))
}

/// As [`quoted`], without the quotes.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = crate::secrets::hide_keys(&crate::secrets::hide_credentials(text));
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        if is_unseen(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters, and those that have no width or turn the direction of what follows: a message that shows them as they are
/// shows something else than what stands in the file.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A newtype over a string with its check: the only ways in are `parse`, `FromStr` and serde, all through `$check`.
/// `Debug` blots out credentials in addresses; `Display` shows all.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:path, $($facts:item)*) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);
        $crate::values::text::text_methods!($name, $check);
        $crate::values::text::text_value!($name => $name, $name::parse, $($facts)*);
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let shown = $crate::secrets::hide_credentials(&self.0);
                f.debug_tuple(stringify!($name)).field(&shown).finish()
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Like `text_type!`, but `Debug` shows nothing and there is no `Display`: a secret leaves only through `reveal`.
macro_rules! secret_type {
    ($(#[$doc:meta])* $name:ident, $check:path, $($facts:item)*) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);
        $crate::values::text::text_methods!($name, $check);
        $crate::values::text::text_value!($name => $name, $name::parse, $($facts)*);
        impl $name {
            /// The secret itself, for the one place that must hand it on.
            pub fn reveal(&self) -> &str {
                &self.0
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

macro_rules! text_methods {
    ($name:ident, $check:path) => {
        impl $name {
            /// Checks `text`.
            ///
            /// # Errors
            /// [`Invalid`](crate::Invalid) with what is wrong and what to write instead.
            pub fn parse(text: &str) -> Result<Self, $crate::Invalid> {
                $check(text).map(Self)
            }

            /// The checked text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::Invalid;
            fn try_from(text: String) -> Result<Self, $crate::Invalid> {
                Self::parse(&text)
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::Invalid;
            fn from_str(text: &str) -> Result<Self, $crate::Invalid> {
                Self::parse(text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
    };
}

pub(crate) use {secret_type, text_methods, text_type, text_value};
