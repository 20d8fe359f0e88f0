//! k3OS's forgiving types: a text for a list, a list of `a=b` for a mapping, "true" for true.

use super::draft::{Draft, nest, text};
use os_config::tree::{Entry, Kind, Node, Span, Value};

/// A scalar's text; `None` for lists, mappings and nothing.
pub(super) fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(Kind::Null, _) => None,
        Value::Scalar(_, text) => Some(text),
        _ => None,
    }
}

/// The entries of a list; a single value is a list of one.
pub(super) fn entries(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::List(items) => items.iter().collect(),
        Value::Scalar(Kind::Null, _) => Vec::new(),
        _ => vec![node],
    }
}

/// The texts of a list whose entries hold no comma, so that `a, b` is two of them.
pub(super) fn at_commas(node: &Node) -> Vec<Node> {
    let parts = |node: &Node| -> Vec<Node> {
        let part = |part: &str| text(node.span, part.trim());
        match scalar(node) {
            Some(words) => words
                .split(',')
                .filter(|word| !word.trim().is_empty())
                .map(part)
                .collect(),
            None => vec![node.clone()],
        }
    };
    entries(node).into_iter().flat_map(parts).collect()
}

/// The texts of a list, one a line.
pub(super) fn lines(node: &Node) -> Vec<Node> {
    let parts = |node: &Node| -> Vec<Node> {
        match scalar(node) {
            Some(lines) => lines
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(|line| text(node.span, line.trim()))
                .collect(),
            None => vec![node.clone()],
        }
    };
    entries(node).into_iter().flat_map(parts).collect()
}

/// The pairs of a mapping, of a list of `a=b` or of small mappings, or of a text `a=b,c=d`. Names without a value have
/// an empty one.
pub(super) fn pairs(node: &Node) -> Vec<(String, Span, Node)> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), entry.key_span, as_text(&entry.value)))
            .collect(),
        // An entry is one pair: the commas in it belong to the value.
        Value::List(items) => items
            .iter()
            .flat_map(|item| match scalar(item) {
                Some(words) => vec![pair(words, item.span)],
                None => pairs(item),
            })
            .collect(),
        Value::Scalar(Kind::Null, _) => Vec::new(),
        Value::Scalar(_, words) => pairs_at_commas(words)
            .iter()
            .map(|words| pair(words, node.span))
            .collect(),
    }
}

fn pair(words: &str, span: Span) -> (String, Span, Node) {
    let (name, value) = words.split_once('=').unwrap_or((words, ""));
    (name.trim().to_owned(), span, text(span, value.trim()))
}

/// `a=b,c=d` in its parts. A part without `=` belongs to the value before it: `NO_PROXY=a,b` is one pair.
fn pairs_at_commas(words: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in words.split(',') {
        match parts.last_mut() {
            Some(last) if last.contains('=') && !part.contains('=') => {
                last.push(',');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Scalars as text, nothing as empty text; the rest stays for the checks to find.
fn as_text(node: &Node) -> Node {
    match &node.value {
        Value::Scalar(Kind::Null, _) => text(node.span, ""),
        Value::Scalar(_, words) => text(node.span, words.clone()),
        _ => node.clone(),
    }
}

/// The entries of a mapping; nothing has none, and anything else is noted under `key` as lost.
pub(super) fn mapping<'a>(
    draft: &mut Draft,
    node: &'a Node,
    key: &str,
    way: &[&str],
) -> &'a [Entry] {
    if !matches!(node.value, Value::Map(_) | Value::Scalar(Kind::Null, _)) {
        let message = format!("it should be a mapping (key: value), not {}", kind(node));
        draft.lost(node.span, key, message, nest(way, node.clone()));
    }
    node.entries()
}

/// What a value is, without saying it: it may be a secret.
pub(super) fn kind(node: &Node) -> &'static str {
    match &node.value {
        Value::Scalar(Kind::Null, _) => "nothing",
        Value::Scalar(Kind::Bool(_), _) => "true or false",
        Value::Scalar(Kind::Integer | Kind::Float, _) => "a number",
        Value::Scalar(Kind::Text, _) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping (key: value)",
    }
}

/// True or false in any of the spellings that YAML 1.1 and people use.
pub(super) fn truth(node: &Node) -> Option<bool> {
    match scalar(node)?.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "1" => Some(true),
        "false" | "no" | "off" | "n" | "0" | "" => Some(false),
        _ => None,
    }
}
