//! Mappings: keys, their places, and what is wrong with them.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, ScalarStyle, Span as Mark};

use super::Builder;
use crate::report::{Finding, MOST_FINDINGS};
use crate::tree::{Entry, Kind, Node, Span, Value};

impl<'a> Builder<'a> {
    pub(super) fn map(&mut self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut bases: Vec<Node> = Vec::new();
        while let Some((event, mark)) = self.next() {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let (key, key_span, plain_key) = self.key(event, mark);
            let value = match self.next() {
                Some((event, mark)) => self.node(event, mark),
                None => self.cut_off(),
            };
            let lenient = self.oddities.is_some();
            if key == "<<" && lenient && plain_key {
                bases.push(value);
                continue;
            }
            let entry = Entry {
                key,
                key_span,
                value,
            };
            match seen.get(&entry.key) {
                Some(first) if lenient => self.replace(&mut entries[*first], entry),
                first => {
                    self.refuse_key(&entry, first.map(|first| &entries[*first]));
                    seen.entry(entry.key.clone()).or_insert(entries.len());
                    entries.push(entry);
                }
            }
        }
        self.merge(entries, bases)
    }

    /// A key, its place, and whether it is written without quotes. One that is no text names nothing.
    fn key(&mut self, event: Event<'a>, mark: Mark) -> (String, Span, bool) {
        let span = self.span(&mark);
        if let Event::Scalar(text, style, ..) = event {
            return (text.into_owned(), span, style == ScalarStyle::Plain);
        }
        self.note_broken(Finding::at(
            span,
            "a key must be a plain word",
            "write `key: value`; text with braces or brackets goes in quotes",
        ));
        self.node(event, mark);
        (String::new(), span, false)
    }

    /// Notes what is wrong with a key by itself, or because there is one like it already.
    fn refuse_key(&mut self, entry: &Entry, first: Option<&Entry>) {
        if self.oddities.is_some() || self.spoilt || self.findings.len() >= MOST_FINDINGS {
            return;
        }
        if entry.key == "<<" {
            self.findings.push(Finding::at(
                entry.key_span,
                "merge keys (`<<`) are not understood",
                "write the keys out",
            ));
        } else if let Some(first) = first {
            self.findings.push(given_twice(first, entry));
        }
    }

    /// The value that would have come where the text is no YAML any more: all that is left behind its key.
    fn cut_off(&self) -> Node {
        let rest = &self.text[self.end..];
        let value = rest.trim_start_matches(['"', '\'', ' ']);
        let value = value.strip_prefix(':').unwrap_or(value).trim_start();
        let bytes = (self.text.len() - value.len(), self.text.len());
        Node {
            span: Span {
                bytes,
                ..Span::start(self.source)
            },
            value: Value::Scalar(Kind::Null, String::new()),
        }
    }
}

fn given_twice(first: &Entry, again: &Entry) -> Finding {
    Finding::at(
        again.key_span,
        format!(
            "`{}` is given twice; it is on line {} already",
            plain(&again.key),
            first.key_span.line
        ),
        "keep one of the two",
    )
}

/// A key as it may stand in a message: one line, not too long.
pub(super) fn plain(key: &str) -> Cow<'_, str> {
    if key.len() <= 60 && !key.chars().any(char::is_control) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(crate::values::text::quoted(key))
    }
}
