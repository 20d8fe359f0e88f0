//! The configuration in the making: each value still knows its line in the k3OS file.

use super::Note;
use crate::tree::{Entry, Kind, Node, Path, Span, Step, Value};

/// The configuration in the making.
pub(super) struct Draft {
    pub(super) tree: Node,
    pub(super) notes: Vec<Note>,
}

impl Draft {
    pub(super) fn new() -> Self {
        let mut draft = Self {
            tree: Node::empty(super::start()),
            notes: Vec::new(),
        };
        let version = Value::Scalar(Kind::Integer, "1".to_owned());
        draft.put(
            &["version"],
            Node {
                span: super::start(),
                value: version,
            },
        );
        draft
    }

    /// The value at `way`, made when it is not there.
    fn slot(&mut self, way: &[&str], span: Span) -> &mut Node {
        let mut node = &mut self.tree;
        for key in way {
            if !matches!(node.value, Value::Map(_)) {
                node.value = Value::Map(Vec::new());
            }
            let Value::Map(entries) = &mut node.value else {
                unreachable!("it was made a mapping just now");
            };
            let at = entries.iter().position(|entry| entry.key == *key);
            let at = at.unwrap_or_else(|| {
                entries.push(Entry {
                    key: (*key).to_owned(),
                    key_span: span,
                    value: Node::empty(span),
                });
                entries.len() - 1
            });
            node = &mut entries[at].value;
        }
        node
    }

    /// Sets the value at `way`.
    pub(super) fn put(&mut self, way: &[&str], node: Node) {
        let span = node.span;
        *self.slot(way, span) = node;
    }

    /// Adds an entry to the list at `way`.
    pub(super) fn push(&mut self, way: &[&str], node: Node) {
        let slot = self.slot(way, node.span);
        match &mut slot.value {
            Value::List(items) => items.push(node),
            _ => slot.value = Value::List(vec![node]),
        }
    }

    /// Notes something that was carried over, if changed.
    pub(super) fn changed(&mut self, span: Span, key: &str, message: impl Into<String>) {
        self.note(span, key, message, true);
    }

    /// Notes something that was left out.
    pub(super) fn lost(&mut self, span: Span, key: &str, message: impl Into<String>) {
        self.note(span, key, message, false);
    }

    fn note(&mut self, span: Span, key: &str, message: impl Into<String>, carried: bool) {
        self.notes.push(Note {
            line: span.line,
            key: key.to_owned(),
            message: message.into(),
            carried,
        });
    }

    /// Takes out what is at `path`.
    pub(super) fn take(&mut self, path: &Path) -> Option<Node> {
        let (last, above) = path.0.split_last()?;
        let mut node = &mut self.tree;
        for step in above {
            node = match (step, &mut node.value) {
                (Step::Key(key), Value::Map(entries)) => {
                    &mut entries.iter_mut().find(|entry| entry.key == *key)?.value
                }
                (Step::Index(index), Value::List(items)) => items.get_mut(*index)?,
                _ => return None,
            };
        }
        match (last, &mut node.value) {
            (Step::Key(key), Value::Map(entries)) => {
                let at = entries.iter().position(|entry| entry.key == *key)?;
                Some(entries.remove(at).value)
            }
            (Step::Index(index), Value::List(items)) => {
                (*index < items.len()).then(|| items.remove(*index))
            }
            _ => None,
        }
    }
}

/// A text at a place.
pub(super) fn text(span: Span, text: impl Into<String>) -> Node {
    Node {
        span,
        value: Value::Scalar(Kind::Text, text.into()),
    }
}

/// True or false at a place.
pub(super) fn truth(span: Span, value: bool) -> Node {
    Node {
        span,
        value: Value::Scalar(Kind::Bool(value), value.to_string()),
    }
}

/// A list at a place.
pub(super) fn list(span: Span, items: Vec<Node>) -> Node {
    Node {
        span,
        value: Value::List(items),
    }
}

/// A mapping at a place.
pub(super) fn map(span: Span, entries: Vec<(&str, Node)>) -> Node {
    let entry = |(key, value): (&str, Node)| Entry {
        key: key.to_owned(),
        key_span: value.span,
        value,
    };
    Node {
        span,
        value: Value::Map(entries.into_iter().map(entry).collect()),
    }
}
