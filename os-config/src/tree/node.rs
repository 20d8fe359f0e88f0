//! The tree itself.

use super::{Path, Step};

/// A place in a source. Lines and columns count from one, columns and width in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Index of the source.
    pub source: usize,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How much of the line it takes.
    pub width: usize,
    /// The byte of the text that it begins at, and the one behind it: of all that it takes, on however many lines.
    pub(crate) bytes: (usize, usize),
}

impl Span {
    /// The beginning of source number `source`.
    pub fn start(source: usize) -> Self {
        Self {
            source,
            line: 1,
            column: 1,
            width: 1,
            bytes: (0, 0),
        }
    }
}

/// What a plain scalar says by YAML 1.2's core schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer,
    /// Any other number.
    Float,
    /// Text.
    Text,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// A value. Scalars keep the text as it was written, so that `0644` and `1.10` stay what they are.
#[derive(Clone, Debug)]
pub enum Value {
    /// A single value.
    Scalar(Kind, String),
    /// Its entries.
    List(Vec<Node>),
    /// Its entries, in the order in which they are written.
    Map(Vec<Entry>),
}

/// A key with its value. Keys of one mapping are unique.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where it stands.
    pub key_span: Span,
    /// What stands under it.
    pub value: Node,
}

impl Node {
    /// How many values the tree holds, counted no further than `limit`.
    pub(super) fn size(&self, limit: usize) -> usize {
        let inner = |total: usize, node: &Node| {
            if total > limit {
                total
            } else {
                total.saturating_add(node.size(limit))
            }
        };
        match &self.value {
            Value::Scalar(..) => 1,
            Value::List(items) => items.iter().fold(1, inner),
            Value::Map(entries) => entries.iter().map(|entry| &entry.value).fold(1, inner),
        }
    }

    /// An empty mapping at `span`.
    pub fn empty(span: Span) -> Self {
        Self {
            span,
            value: Value::Map(Vec::new()),
        }
    }

    /// The entries, when this is a mapping.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entry under `key`, when this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value at `path`.
    pub fn get(&self, path: &Path) -> Option<&Node> {
        path.0.iter().try_fold(self, |node, step| match step {
            Step::Key(key) => node.entry(key).map(|entry| &entry.value),
            Step::Index(index) => match &node.value {
                Value::List(items) => items.get(*index),
                _ => None,
            },
        })
    }

    /// Removes what is at `path`; for an entry of a list the whole list goes, so that no other entry changes its number.
    pub(crate) fn prune(&mut self, path: &Path) {
        let keep = path
            .0
            .iter()
            .rposition(|step| matches!(step, Step::Key(_)))
            .unwrap_or(0);
        let Some(Step::Key(last)) = path.0.get(keep) else {
            return;
        };
        let above =
            path.0[..keep]
                .iter()
                .try_fold(self, |node, step| match (step, &mut node.value) {
                    (Step::Key(key), Value::Map(entries)) => entries
                        .iter_mut()
                        .find(|entry| entry.key == *key)
                        .map(|entry| &mut entry.value),
                    (Step::Index(index), Value::List(items)) => items.get_mut(*index),
                    _ => None,
                });
        if let Some(Node {
            value: Value::Map(entries),
            ..
        }) = above
        {
            entries.retain(|entry| entry.key != *last);
        }
    }

    /// The place of the value at `path`, or of the nearest thing above it that is there.
    pub(crate) fn span_at(&self, path: &Path) -> Span {
        self.place(path, false)
    }

    /// The place of the key at the end of `path`, or of the nearest thing above it that is there.
    pub(crate) fn key_span_at(&self, path: &Path) -> Span {
        self.place(path, true)
    }

    fn place(&self, path: &Path, of_key: bool) -> Span {
        let mut node = self;
        let mut nearest = node.span;
        for (at, step) in path.0.iter().enumerate() {
            let last = at + 1 == path.0.len();
            match (step, &node.value) {
                (Step::Key(key), Value::Map(_)) => {
                    let Some(entry) = node.entry(key) else {
                        return nearest;
                    };
                    node = &entry.value;
                    let a_block = matches!(node.value, Value::Map(_) | Value::List(_));
                    nearest = if (last && of_key) || a_block {
                        entry.key_span
                    } else {
                        node.span
                    };
                }
                (Step::Index(index), Value::List(items)) => {
                    let Some(item) = items.get(*index) else {
                        return nearest;
                    };
                    node = item;
                    nearest = node.span;
                }
                _ => return nearest,
            }
        }
        nearest
    }

    /// What this is, in words, for messages: `the number 5`, `a list`.
    pub fn in_words(&self) -> String {
        use crate::values::text::{quoted, shortened};
        match &self.value {
            Value::Scalar(Kind::Null, _) => "nothing".to_owned(),
            Value::Scalar(Kind::Bool(_), text) => text.clone(),
            Value::Scalar(Kind::Integer | Kind::Float, text) => {
                format!("the number {}", shortened(text))
            }
            Value::Scalar(Kind::Text, text) => format!("the text {}", quoted(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping (key: value)".to_owned(),
        }
    }
}
