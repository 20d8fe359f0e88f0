//! What a person is told about one Plan.

use crate::draft::{Remark, nest, spelled};
use crate::note::Note;
use os_config::nearest;
use os_config::tree::{Entry, Node, Span};

/// What a person is told about one Plan, and whether its Upgrade has to wait for that person.
#[derive(Default)]
pub(super) struct Told {
    pub(super) remarks: Vec<Remark>,
    /// Something that held the Plan back could not be carried over: without it nodes would restart that did not before.
    pub(super) paused: bool,
}

impl Told {
    /// Tells of something that was carried over, if changed.
    pub(super) fn changed(&mut self, span: Span, way: &[&str], message: impl Into<String>) {
        self.tell(span, &spelled(way), message.into(), true, None);
    }

    /// Tells of something that was left out, and keeps it as it was written.
    pub(super) fn lost(
        &mut self,
        span: Span,
        way: &[&str],
        value: &Node,
        message: impl Into<String>,
    ) {
        let original = nest(way, value.clone());
        self.tell(span, &spelled(way), message.into(), false, Some(original));
    }

    /// Tells of something that was left out and is of no use to anybody as it was written.
    pub(super) fn dropped(&mut self, span: Span, key: &str, message: impl Into<String>) {
        self.tell(span, key, message.into(), false, None);
    }

    /// As `lost`, of what held the Plan back: the Upgrade is paused.
    pub(super) fn limit_lost(&mut self, span: Span, way: &[&str], value: &Node, message: &str) {
        self.paused = true;
        let message = format!("{message}: the Upgrade is `paused` until you have said it anew");
        self.lost(span, way, value, message);
    }

    /// Pauses the Upgrade for what was told of this place already.
    pub(super) fn pause(&mut self, span: Span, way: &[&str]) {
        self.paused = true;
        let message = "the Upgrade is `paused` until you have said it anew";
        self.changed(span, way, message);
    }

    /// Tells of a field that a Plan does not have.
    pub(super) fn unknown(&mut self, entry: &Entry, above: &[&str], known: &[&str]) {
        let meant = nearest(&entry.key, known)
            .map(|near| format!("; was `{near}` meant?"))
            .unwrap_or_default();
        let way = [above, &[&entry.key]].concat();
        let message = format!("no field of a Plan{meant}");
        self.lost(entry.key_span, &way, &entry.value, message);
    }

    fn tell(
        &mut self,
        span: Span,
        key: &str,
        message: String,
        carried: bool,
        original: Option<Node>,
    ) {
        let note = Note {
            line: span.line,
            column: Some(span.column),
            key: key.to_owned(),
            message,
            carried,
        };
        self.remarks.push(Remark { note, original });
    }
}
