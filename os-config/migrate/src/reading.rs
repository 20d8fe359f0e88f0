//! The text becomes a tree: all that k3OS took is taken, and what is odd is noted.

use super::draft::{Draft, nest};
use os_config::Finding;
use os_config::tree::lenient;
use os_config::tree::{Entry, Node, Span, Value};

/// Reads the k3OS configuration itself.
pub(super) fn configuration(draft: &mut Draft, text: &str) -> Result<Option<Node>, Vec<Finding>> {
    let (tree, oddities) = lenient::read(text, 0)?;
    draft.bytes = oddities.bytes;
    note(draft, oddities.met, None);
    Ok(tree)
}

/// Reads a file inside the file; all its lines are that of `span`.
pub(super) fn inner(
    draft: &mut Draft,
    text: &str,
    span: Span,
) -> Result<Option<Node>, Vec<Finding>> {
    let (tree, oddities) = lenient::read(text, 0)?;
    note(draft, oddities.met, Some(span));
    Ok(tree.map(|tree| relocated(tree, span)))
}

fn note(draft: &mut Draft, oddities: Vec<lenient::Oddity>, span: Option<Span>) {
    for oddity in oddities {
        let span = span.unwrap_or(oddity.span);
        match oddity.lost {
            Some(lost) => {
                let original = nest(&[&oddity.key], lost);
                draft.lost(span, &oddity.key, oddity.message, original);
            }
            None => draft.changed(span, &oddity.key, oddity.message),
        }
    }
}

fn relocated(mut node: Node, span: Span) -> Node {
    node.span = span;
    node.value = match node.value {
        Value::List(items) => Value::List(
            items
                .into_iter()
                .map(|item| relocated(item, span))
                .collect(),
        ),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|entry| Entry {
                    key_span: span,
                    value: relocated(entry.value, span),
                    key: entry.key,
                })
                .collect(),
        ),
        scalar => scalar,
    };
    node
}
