//! A problem on its way to a report: still with a span or a path instead of file and line.

use crate::tree::{Node, Path, Span, Step, Value};

/// Looking ends after so many findings: nobody reads more, and a hostile file must not keep a small machine busy.
pub(crate) const MOST_FINDINGS: usize = 100;

/// Where a finding points.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// At a place in a source.
    Span(Span),
    /// At the value of this key in the merged tree.
    Value(Path),
    /// At this key itself.
    Key(Path),
}

/// Something wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    pub(crate) place: Place,
    /// The key in question, for messages.
    pub(crate) key: Option<Path>,
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

impl Finding {
    /// Wrong at a place in a source.
    pub fn at(span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            place: Place::Span(span),
            key: None,
            message: message.into(),
            help: help.into(),
        }
    }

    /// The same, about `key`.
    pub(crate) fn about(mut self, key: Path) -> Self {
        self.key = Some(key);
        self
    }

    /// Wrong at the value of `key`.
    pub(crate) fn value(key: Path, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            place: Place::Value(key.clone()),
            key: Some(key),
            message: message.into(),
            help: help.into(),
        }
    }

    /// Wrong that `key` is there.
    pub(crate) fn key(key: Path, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            place: Place::Key(key.clone()),
            key: Some(key),
            message: message.into(),
            help: help.into(),
        }
    }

    /// The key in question, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match (&self.place, &self.key) {
            (Place::Value(path) | Place::Key(path), _) => Some(path),
            (Place::Span(_), key) => key.as_ref(),
        }
    }

    /// The place in a source, looked up in `tree` when it is given by key.
    pub(crate) fn span(&self, tree: &Node) -> Span {
        match &self.place {
            Place::Span(span) => *span,
            Place::Value(path) => tree.span_at(path),
            Place::Key(path) => tree.key_span_at(path),
        }
    }

    /// The same, its key without an index into what is written as a single value instead of a list.
    pub(crate) fn shortened(mut self, tree: &Node) -> Self {
        if let Some(Path(steps)) = &mut self.key
            && let Some(Step::Index(_)) = steps.last()
        {
            let above = Path(steps[..steps.len() - 1].to_vec());
            let list = tree
                .get(&above)
                .is_none_or(|node| matches!(node.value, Value::List(_)));
            if !list {
                steps.pop();
            }
        }
        self
    }
}
