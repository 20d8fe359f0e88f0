//! YAML text to tree: one document, no duplicate keys, bounded in size, depth and expansion.
//!
//! [`read`] is strict; [`lenient::read`] takes what other systems' configurations hold besides.
//!
//! The parser is the one under serde-saphyr; its events are taken as they come, because a configuration needs the place
//! of every key and the text of every scalar as it was written, after serde would have dropped both.

pub mod lenient;
mod tags;

use std::borrow::Cow;
use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, Span as Mark};

use lenient::Oddities;

use super::{Entry, Kind, Node, Span, Value};
use crate::report::{Finding, MOST_FINDINGS, syntax};

/// Nested deeper than this is refused; the schema itself is seven deep.
const DEEPEST: usize = 32;
/// A configuration with more values than this, after aliases are expanded, is refused.
const MOST_NODES: usize = 10_000;

/// Reads the document in `text`, the source of index `source`.
///
/// # Errors
/// What is wrong with the text as YAML. A syntax error ends the reading; duplicate keys are all found.
pub(crate) fn read(text: &str, source: usize) -> Result<Option<Node>, Vec<Finding>> {
    let mut builder = Builder::new(text, source, None);
    match builder.stream() {
        Ok(node) if builder.findings.is_empty() => Ok(node),
        Ok(_) => Err(builder.findings),
        Err(fatal) => {
            builder.findings.push(*fatal);
            Err(builder.findings)
        }
    }
}

struct Builder<'a> {
    events: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
    text: &'a str,
    source: usize,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    findings: Vec<Finding>,
    /// What was met so far, when reading leniently.
    oddities: Option<Oddities>,
}

type Fatal = Box<Finding>;

impl<'a> Builder<'a> {
    fn new(text: &'a str, source: usize, oddities: Option<Oddities>) -> Self {
        let mut options = Options::default();
        options.emit_comments = false;
        options.flow_nesting_limit = DEEPEST;
        options.block_nesting_limit = DEEPEST;
        Self {
            events: Parser::new_from_str_with_options(text, options),
            text,
            source,
            anchors: HashMap::new(),
            nodes: 0,
            findings: Vec::new(),
            oddities,
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Mark), Fatal> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Box::new(syntax::explain(&error, self.text, self.source))),
            None => Ok((Event::StreamEnd, Mark::default())),
        }
    }

    fn stream(&mut self) -> Result<Option<Node>, Fatal> {
        let mut document = None;
        loop {
            let (event, mark) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(document),
                Event::DocumentStart(..) if document.is_some() && self.oddities.is_some() => {
                    let span = self.span(&mark);
                    self.leave_rest(span);
                    return Ok(document);
                }
                Event::DocumentStart(..) if document.is_some() => {
                    return Err(Box::new(Finding::at(
                        self.span(&mark),
                        "a second document begins here",
                        "config.yaml is one document: remove the `---` line and what is double after it",
                    )));
                }
                Event::DocumentStart(..) => document = self.document()?,
                _ => {}
            }
        }
    }

    /// One document; `None` when nothing but comments is in it.
    fn document(&mut self) -> Result<Option<Node>, Fatal> {
        let (event, mark) = self.next()?;
        if matches!(event, Event::DocumentEnd) {
            return Ok(None);
        }
        let node = self.node(event, mark)?;
        let empty = matches!(&node.value, Value::Scalar(Kind::Null, _));
        Ok((!empty).then_some(node))
    }

    fn node(&mut self, event: Event<'a>, mark: Mark) -> Result<Node, Fatal> {
        let span = self.span(&mark);
        self.count(1, span)?;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(text.into_owned(), style, tag.as_deref(), span)?;
                (anchor, value)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "seq", span)?;
                (anchor, Value::List(self.list()?))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "map", span)?;
                (anchor, Value::Map(self.map()?))
            }
            Event::Alias(id) => return self.alias(id, span),
            _ => {
                return Err(Box::new(Finding::at(
                    span,
                    "a value is missing here",
                    "write one",
                )));
            }
        };
        let node = Node { span, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Node, Fatal> {
        let Some(target) = self.anchors.get(&id) else {
            return Err(Box::new(Finding::at(
                span,
                "this alias stands inside the value that it repeats",
                "write the value out",
            )));
        };
        let size = target.size(MOST_NODES);
        let mut node = target.clone();
        self.count(size, span)?;
        if let Some(oddities) = &mut self.oddities
            && oddities.bytes.contains(&node.span)
        {
            oddities.bytes.push(span);
        }
        node.span = span;
        Ok(node)
    }

    fn count(&mut self, more: usize, span: Span) -> Result<(), Fatal> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes <= MOST_NODES {
            return Ok(());
        }
        Err(Box::new(Finding::at(
            span,
            format!("the configuration grows to more than {MOST_NODES} values here"),
            "aliases (`*name`) multiply what they repeat: write the values out, and keep data out of config.yaml",
        )))
    }

    fn list(&mut self) -> Result<Vec<Node>, Fatal> {
        let mut items = Vec::new();
        loop {
            let (event, mark) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(items);
            }
            items.push(self.node(event, mark)?);
        }
    }

    fn map(&mut self) -> Result<Vec<Entry>, Fatal> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut bases: Vec<Node> = Vec::new();
        loop {
            let (event, mark) = self.next()?;
            let key_span = self.span(&mark);
            let (key, plain_key) = match event {
                Event::MappingEnd => return Ok(self.merge(entries, bases)),
                Event::Scalar(text, style, ..) => (text.into_owned(), style == ScalarStyle::Plain),
                _ => {
                    return Err(Box::new(Finding::at(
                        key_span,
                        "a key must be a plain word",
                        "write `key: value`; text with braces or brackets goes in quotes",
                    )));
                }
            };
            let (event, mark) = self.next()?;
            let value = self.node(event, mark)?;
            let lenient = self.oddities.is_some();
            if self.findings.len() >= MOST_FINDINGS {
                continue;
            }
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
                _ if entry.key == "<<" && !lenient => self.findings.push(Finding::at(
                    key_span,
                    "merge keys (`<<`) are not understood",
                    "write the keys out",
                )),
                Some(first) if lenient => self.replace(&mut entries[*first], entry),
                Some(first) => self.findings.push(given_twice(&entries[*first], &entry)),
                None => {
                    seen.insert(entry.key.clone(), entries.len());
                    entries.push(entry);
                }
            }
        }
    }

    fn span(&self, mark: &Mark) -> Span {
        let width = match mark.slice(self.text) {
            Some(slice) => slice
                .lines()
                .next()
                .unwrap_or("")
                .trim_end()
                .chars()
                .count(),
            None => 1,
        };
        Span {
            source: self.source,
            line: mark.start.line().max(1),
            column: mark.start.col() + 1,
            width: width.max(1),
        }
    }
}

fn given_twice(first: &Entry, again: &Entry) -> Finding {
    Finding::at(
        again.key_span,
        format!(
            "`{}` is given twice; it stands on line {} already",
            plain(&again.key),
            first.key_span.line
        ),
        "keep one of the two",
    )
}

/// A key as it may stand in a message: one line, not too long.
fn plain(key: &str) -> Cow<'_, str> {
    if key.len() <= 60 && !key.chars().any(char::is_control) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(crate::values::text::quoted(key))
    }
}

/// Whether `text`, of any number of documents, is YAML at all: line, complaint and remedy when it is not.
pub(crate) fn readable(text: &str) -> Result<(), (usize, String, String)> {
    for event in Parser::new_from_str(text) {
        if let Err(error) = event {
            let finding = syntax::explain(&error, text, 0);
            let line = finding.span(&Node::empty(Span::start(0))).line;
            return Err((line, finding.message, finding.help));
        }
    }
    Ok(())
}
