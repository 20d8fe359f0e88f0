//! A file's text, and where in it something stands.

use std::ops::Range;

use serde::de::DeserializeOwned;

use crate::{Error, Problem};

/// A board file that was read.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    file: String,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &str, text: &'a str) -> Self {
        Self {
            file: file.to_owned(),
            text,
        }
    }

    /// Parses the text; what TOML or the structure does not allow gets the line it stands on.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        toml::from_str(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.wrong(span, with_hint(error.message()))
        })
    }

    /// An error that points at `span`.
    pub(crate) fn wrong(&self, span: Range<usize>, message: String) -> Error {
        let mut start = span.start.min(self.text.len());
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Error::Wrong(Problem {
            file: self.file.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            text: self.text[line_start..]
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            message,
        })
    }
}

/// Says where a key belongs that is right, but in another file.
fn with_hint(message: &str) -> String {
    let shared = ["kernel", "uki", "systemd-boot", "arch"]
        .iter()
        .any(|key| message.starts_with(&format!("unknown field `{key}`")));
    if shared && message.contains("`title`") {
        format!(
            "{message}; kernel and boot files are the base file's: boards of an architecture share one release"
        )
    } else {
        message.to_owned()
    }
}
