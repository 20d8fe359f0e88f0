//! YAML text to tree: one document, no duplicate keys, bounded in size, depth and expansion.
//!
//! [`read`] is strict; [`lenient::read`] takes what other systems' configurations hold besides.
//!
//! The parser is the one under serde-saphyr; its events are taken as they come, because a configuration needs the place
//! of every key and the text of every scalar as it was written, after serde would have dropped both.

pub mod lenient;
mod mapping;
mod oddities;
mod tags;

use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, Options, Parser, Span as Mark};

use oddities::Oddities;

use super::{Kind, Node, Span, Value};
use crate::report::{Finding, syntax};

/// Nested deeper than this is refused; the schema itself is seven deep.
const DEEPEST: usize = 32;
/// A configuration with more values than this, after aliases are expanded, is refused.
const MOST_NODES: usize = 10_000;

/// What was read of a text.
pub(crate) struct Reading {
    /// Its documents that say anything. One is what a configuration has.
    pub(crate) documents: Vec<Node>,
    /// What is wrong with the text. The documents hold all of it nevertheless, as far as it is YAML.
    pub(crate) findings: Vec<Finding>,
    /// Where the text stopped being YAML, if it did: in the last value or behind it.
    pub(crate) broken_at: Option<usize>,
}

/// Reads `text`, the source of index `source`, to its end or to where it is no YAML any more.
pub(crate) fn read_all(text: &str, source: usize) -> Reading {
    let mut builder = Builder::new(text, source, None);
    builder.stream();
    Reading {
        broken_at: builder.broken.then_some(builder.end),
        documents: builder.documents,
        findings: builder.findings,
    }
}

/// Reads the document in `text`, the source of index `source`.
///
/// # Errors
/// What is wrong with the text as YAML. A syntax error ends the reading; duplicate keys are all found.
pub(crate) fn read(text: &str, source: usize) -> Result<Option<Node>, Vec<Finding>> {
    let reading = read_all(text, source);
    if reading.findings.is_empty() {
        Ok(reading.documents.into_iter().next())
    } else {
        Err(reading.findings)
    }
}

struct Builder<'a> {
    events: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
    text: &'a str,
    source: usize,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    documents: Vec<Node>,
    findings: Vec<Finding>,
    /// Something was found that makes all that follows doubtful: no more is said.
    spoilt: bool,
    /// The text is no YAML any more.
    broken: bool,
    /// The byte behind what was read last.
    end: usize,
    /// What was met so far, when reading leniently.
    oddities: Option<Oddities>,
    /// Several documents are nothing odd.
    several: bool,
}

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
            documents: Vec::new(),
            findings: Vec::new(),
            spoilt: false,
            broken: false,
            end: 0,
            oddities,
            several: false,
        }
    }

    /// The next event; `None` at the end, and where the text is no YAML any more.
    fn next(&mut self) -> Option<(Event<'a>, Mark)> {
        if self.broken {
            return None;
        }
        match self.events.next_event()? {
            Ok((event, mark)) => {
                self.end = mark.byte_range().map_or(self.end, |bytes| bytes.end);
                Some((event, mark))
            }
            Err(error) => {
                self.broken = true;
                self.note_broken(syntax::explain(&error, self.text, self.source));
                None
            }
        }
    }

    /// Notes what makes all that follows doubtful. The reading goes on, for the places of what may not be shown.
    fn note_broken(&mut self, finding: Finding) {
        if !self.spoilt {
            self.findings.push(finding);
        }
        self.spoilt = true;
    }

    fn stream(&mut self) {
        while let Some((event, mark)) = self.next() {
            if !matches!(event, Event::DocumentStart(..)) {
                continue;
            }
            if !self.documents.is_empty() && !self.several {
                let span = self.span(&mark);
                if self.oddities.is_some() {
                    self.leave_rest(span);
                    return;
                }
                self.note_broken(Finding::at(
                    span,
                    "a second document begins here",
                    "config.yaml is one document: remove the `---` line and what is double after it",
                ));
            }
            self.document();
        }
    }

    /// One document; nothing is kept of one with nothing but comments in it.
    fn document(&mut self) {
        let Some((event, mark)) = self.next() else {
            return;
        };
        if matches!(event, Event::DocumentEnd) {
            return;
        }
        let node = self.node(event, mark);
        if !matches!(&node.value, Value::Scalar(Kind::Null, _)) {
            self.documents.push(node);
        }
    }

    fn node(&mut self, event: Event<'a>, mark: Mark) -> Node {
        let mut span = self.span(&mark);
        self.count(1, span);
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(text.into_owned(), style, tag.as_deref(), span);
                (anchor, value)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "seq", span);
                (anchor, Value::List(self.list()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "map", span);
                (anchor, Value::Map(self.map()))
            }
            Event::Alias(id) => return self.alias(id, span),
            _ => {
                self.note_broken(Finding::at(span, "a value is missing here", "write one"));
                (0, Value::Scalar(Kind::Null, String::new()))
            }
        };
        if !matches!(value, Value::Scalar(..)) {
            span.bytes.1 = self.end.max(span.bytes.0);
        }
        let node = Node { span, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn alias(&mut self, id: usize, span: Span) -> Node {
        let nothing = Node {
            span,
            value: Value::Scalar(Kind::Null, String::new()),
        };
        let Some(target) = self.anchors.get(&id) else {
            self.note_broken(Finding::at(
                span,
                "this alias is inside the value that it repeats",
                "write the value out",
            ));
            return nothing;
        };
        let size = target.size(MOST_NODES);
        if !self.count(size, span) {
            return nothing;
        }
        let Some(mut node) = self.anchors.get(&id).cloned() else {
            return nothing;
        };
        if let Some(oddities) = &mut self.oddities
            && oddities.bytes.contains(&node.span)
        {
            oddities.bytes.push(span);
        }
        node.span = span;
        node
    }

    /// False when these are too many.
    fn count(&mut self, more: usize, span: Span) -> bool {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes <= MOST_NODES {
            return true;
        }
        self.note_broken(Finding::at(
            span,
            format!("the configuration grows to more than {MOST_NODES} values here"),
            "aliases (`*name`) multiply what they repeat: write the values out, and keep data out of config.yaml",
        ));
        false
    }

    fn list(&mut self) -> Vec<Node> {
        let mut items = Vec::new();
        while let Some((event, mark)) = self.next() {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, mark));
        }
        items
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
        let bytes = mark.byte_range().unwrap_or(self.end..self.end);
        Span {
            source: self.source,
            line: mark.start.line().max(1),
            column: mark.start.col() + 1,
            width: width.max(1),
            bytes: (bytes.start, bytes.end),
        }
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
