//! What other systems' configurations may hold and ours may not: merge keys, keys given twice, tags, several documents.
//!
//! The lenient reader takes them, as those systems did, and says so.

use super::Builder;
pub use super::oddities::{Oddities, Oddity};
use crate::report::Finding;
use crate::tree::{Entry, Kind, Node, Span, Value};

/// Reads the first document in `text`, the source of index `source`.
///
/// # Errors
/// What is wrong with the text as YAML.
pub fn read(text: &str, source: usize) -> Result<(Option<Node>, Oddities), Vec<Finding>> {
    let mut builder = Builder::new(text, source, Some(Oddities::default()));
    builder.stream();
    if !builder.findings.is_empty() {
        return Err(builder.findings);
    }
    let document = builder.documents.into_iter().next();
    Ok((document, builder.oddities.unwrap_or_default()))
}

/// Reads every document in `text`, the source of index `source`; those that say nothing are left out.
///
/// # Errors
/// What is wrong with the text as YAML.
pub fn read_documents(text: &str, source: usize) -> Result<(Vec<Node>, Oddities), Vec<Finding>> {
    let mut builder = Builder::new(text, source, Some(Oddities::default()));
    builder.several = true;
    builder.stream();
    if !builder.findings.is_empty() {
        return Err(builder.findings);
    }
    Ok((builder.documents, builder.oddities.unwrap_or_default()))
}

pub(super) fn binary_words() -> &'static str {
    "these bytes are no text: they are in base64 now"
}

impl Builder<'_> {
    pub(super) fn odd(&mut self, span: Span, key: &str, message: &str) {
        self.oddity(span, key, message.to_owned(), None);
    }

    fn oddity(&mut self, span: Span, key: &str, message: String, lost: Option<Node>) {
        self.oddities.get_or_insert_default().met.push(Oddity {
            span,
            key: key.to_owned(),
            message,
            lost,
        });
    }

    /// A second document was met: k3OS and k3s read the first alone.
    pub(super) fn leave_rest(&mut self, span: Span) {
        let rest: Vec<&str> = self.text.lines().skip(span.line - 1).collect();
        let rest = Value::Scalar(Kind::Text, rest.join("\n"));
        self.oddity(
            span,
            "---",
            "a second document begins here; only the first is read".to_owned(),
            Some(Node { span, value: rest }),
        );
    }

    /// A key given again: the last one counts.
    pub(super) fn replace(&mut self, entry: &mut Entry, by: Entry) {
        let first = std::mem::replace(entry, by);
        let message = "given again further on, and that one counts".to_owned();
        self.oddity(first.key_span, &first.key, message, Some(first.value));
    }

    /// The entries with those that the merge keys bring: what is given itself wins, then what is merged first.
    pub(super) fn merge(&mut self, mut entries: Vec<Entry>, bases: Vec<Node>) -> Vec<Entry> {
        for base in bases {
            let parts = match base.value {
                Value::List(parts) => parts,
                _ => vec![base],
            };
            for part in parts {
                let Value::Map(more) = part.value else {
                    let message = "only a mapping can be merged".to_owned();
                    self.oddity(part.span, "<<", message, Some(part));
                    continue;
                };
                for entry in more {
                    if entries.iter().all(|there| there.key != entry.key) {
                        entries.push(entry);
                    }
                }
            }
        }
        entries
    }
}
