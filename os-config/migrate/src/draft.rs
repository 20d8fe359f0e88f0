//! The configuration in the making: each value still knows its line in the k3OS file.

use std::collections::BTreeSet;

use super::note::Note;
use os_config::tree::{Entry, Kind, Node, Path, Span, Step, Value};

/// The configuration in the making.
pub(super) struct Draft {
    pub(super) tree: Node,
    pub(super) remarks: Vec<Remark>,
    /// Where bytes that are no text stood in the k3OS file: the values are in base64.
    pub(super) bytes: Vec<Span>,
    /// Names of programs that the k3OS file itself writes.
    pub(super) own_programs: BTreeSet<String>,
}

/// A note, and what was left out as it was written.
pub(super) struct Remark {
    pub(super) note: Note,
    pub(super) original: Option<Node>,
}

impl Draft {
    pub(super) fn new() -> Self {
        let mut draft = Self {
            tree: Node::empty(Span::start(0)),
            remarks: Vec::new(),
            bytes: Vec::new(),
            own_programs: BTreeSet::new(),
        };
        let version = Value::Scalar(Kind::Integer, "1".to_owned());
        draft.put(
            &["version"],
            Node {
                span: Span::start(0),
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

    /// Sets the value at `way`; one that gives way to another is noted.
    pub(super) fn put(&mut self, way: &[&str], node: Node) {
        let line = node.span.line;
        let slot = self.slot(way, node.span);
        let before = std::mem::replace(slot, node.clone());
        if !says_nothing(&before) && !same(&before, &node) {
            let message = format!("given again on line {line}, and that one counts");
            self.lost(before.span, &spelled(way), message, nest(way, before));
        }
    }

    /// Sets the value at `way` if there is none yet; else it is noted as lost.
    pub(super) fn offer(&mut self, way: &[&str], node: Node, key: &str) {
        let slot = self.slot(way, node.span);
        if says_nothing(slot) {
            *slot = node;
        } else if !same(slot, &node) {
            let line = slot.span.line;
            let message = format!("`{}` says another value on line {line}", spelled(way));
            self.lost(node.span, key, message, nest(way, node));
        }
    }

    /// Adds an entry to the list at `way`.
    pub(super) fn push(&mut self, way: &[&str], node: Node) {
        let slot = self.slot(way, node.span);
        match &mut slot.value {
            Value::List(items) => items.push(node),
            _ => slot.value = Value::List(vec![node]),
        }
    }

    /// Adds a value to what is at `way`: one stands by itself, several are a list.
    pub(super) fn repeat(&mut self, way: &[&str], node: Node) {
        let slot = self.slot(way, node.span);
        if says_nothing(slot) {
            *slot = node;
        } else if let Value::List(items) = &mut slot.value {
            items.push(node);
        } else {
            *slot = list(node.span, vec![slot.clone(), node]);
        }
    }

    /// Notes something that was carried over, if changed.
    pub(super) fn changed(&mut self, span: Span, key: &str, message: impl Into<String>) {
        self.remark(span, key, message.into(), None);
    }

    /// Notes something that was left out; `original` is how it was written, from the top.
    pub(super) fn lost(
        &mut self,
        span: Span,
        key: &str,
        message: impl Into<String>,
        original: Node,
    ) {
        self.remark(span, key, message.into(), Some(original));
    }

    fn remark(&mut self, span: Span, key: &str, message: String, original: Option<Node>) {
        let note = Note {
            line: span.line,
            column: None,
            key: key.to_owned(),
            message,
            carried: original.is_none(),
        };
        self.remarks.push(Remark { note, original });
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

/// True for what a slot holds before it is filled.
fn says_nothing(node: &Node) -> bool {
    matches!(&node.value, Value::Map(entries) if entries.is_empty())
}

/// True when both say the same, wherever they stand.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Scalar(_, a), Value::Scalar(_, b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let alike = |(a, b): (&Entry, &Entry)| a.key == b.key && same(&a.value, &b.value);
            a.len() == b.len() && a.iter().zip(b).all(alike)
        }
        _ => false,
    }
}

/// The keys of `way` as they are written in messages.
pub(super) fn spelled(way: &[&str]) -> String {
    Path(way.iter().copied().map(Step::from).collect()).to_string()
}

/// The value below the keys of `way`.
pub(super) fn nest(way: &[&str], node: Node) -> Node {
    let inner = |node: Node, key: &&str| map(node.span, vec![(*key, node)]);
    way.iter().rev().fold(node, inner)
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

/// A number from 0 at a place.
pub(super) fn number(span: Span, value: u64) -> Node {
    Node {
        span,
        value: Value::Scalar(Kind::Integer, value.to_string()),
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
