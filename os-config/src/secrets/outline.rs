//! What stands where in a text, as far as it is YAML: also of a text whose end is broken.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Options, Parser, StrInput};

/// Deeper than this nobody looks.
const DEEPEST: usize = 32;

/// A value and the bytes that it takes.
pub(super) struct Item {
    pub(super) bytes: Range<usize>,
    pub(super) shape: Shape,
}

impl Item {
    /// True for what stands after a colon with nothing behind it.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// What a value is.
pub(super) enum Shape {
    /// Text, number or the like. An alias is empty: what it repeats stands elsewhere.
    Scalar(String),
    /// Its entries.
    List(Vec<Item>),
    /// Its entries.
    Map(Vec<Entry>),
}

/// A key with its value.
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key begins.
    pub(super) begin: usize,
    pub(super) value: Item,
}

/// A text's documents, in order.
pub(super) struct Outline {
    pub(super) documents: Vec<Item>,
    /// Where the text stopped being YAML, if it did: in the last value or behind it.
    pub(super) broken_at: Option<usize>,
}

/// Reads `text` as far as it goes.
pub(super) fn outline(text: &str) -> Outline {
    let mut options = Options::default();
    options.emit_comments = false;
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, options),
        text,
        end: 0,
        broken: false,
    };
    let mut documents = Vec::new();
    while let Some((event, bytes)) = reader.next() {
        match event {
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            Event::StreamEnd => break,
            event => documents.push(reader.item(event, bytes)),
        }
    }
    Outline {
        documents,
        broken_at: reader.broken.then_some(reader.end),
    }
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    text: &'a str,
    /// Where the last event ended.
    end: usize,
    broken: bool,
}

impl<'a> Reader<'a> {
    /// The next event and its place; `None` at the end or where the text is no YAML any more.
    fn next(&mut self) -> Option<(Event<'a>, Range<usize>)> {
        match self.events.next_event()? {
            Ok((event, mark)) => {
                let bytes = mark.byte_range().unwrap_or(self.end..self.end);
                self.end = bytes.end;
                Some((event, bytes))
            }
            Err(_) => {
                self.broken = true;
                None
            }
        }
    }

    fn item(&mut self, event: Event<'a>, bytes: Range<usize>) -> Item {
        let begin = bytes.start;
        let shape = match event {
            Event::Scalar(text, ..) => {
                let shape = Shape::Scalar(text.into_owned());
                return Item { bytes, shape };
            }
            Event::SequenceStart(..) => Shape::List(self.list()),
            Event::MappingStart(..) => Shape::Map(self.map()),
            _ => Shape::Scalar(String::new()),
        };
        Item {
            bytes: begin..self.end.max(begin),
            shape,
        }
    }

    fn list(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while let Some((event, bytes)) = self.next() {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.item(event, bytes));
        }
        items
    }

    fn map(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        while let Some((event, bytes)) = self.next() {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let begin = bytes.start;
            // A key that is no text names nothing.
            let key = match self.item(event, bytes).shape {
                Shape::Scalar(key) => key,
                _ => String::new(),
            };
            let value = match self.next() {
                Some((event, bytes)) => self.item(event, bytes),
                None => self.cut_off(),
            };
            entries.push(Entry { key, begin, value });
        }
        entries
    }

    /// The value that would have come: what is left of the text behind its key.
    fn cut_off(&self) -> Item {
        let rest = &self.text[self.end..];
        let value = rest.trim_start_matches(['"', '\'', ' ']);
        let value = value.strip_prefix(':').unwrap_or(value).trim_start();
        Item {
            bytes: self.text.len() - value.len()..self.text.len(),
            shape: Shape::Scalar(String::new()),
        }
    }
}
