//! `holdfast.KEY=VALUE` on the kernel's command line.
//!
//! Keys are dotted (`holdfast.network.dns.search=shop.example`), a key of a map stands in brackets
//! (`holdfast.labels[zone]=north`), an entry of a list as well (`holdfast.network.interfaces[0].name=eth0`), a list is
//! written by repeating its key, and a bare key means true. A word with blanks goes in double quotes.

use serde_json::Value as Json;

use crate::report::Finding;
use crate::schema::{below, schema, shapes, takes};
use crate::tree::scalar::plain_kind;
use crate::tree::{Entry, Kind, Node, Path, Span, Step, Value};

/// Words below `holdfast.` that belong to the boot itself, not to the configuration.
const OF_THE_BOOT: [&str; 4] = ["maintenance", "rootsize", "roothash", "version"];

const PREFIX: &str = "holdfast.";

/// Reads the configuration out of a kernel command line; words that name no key are findings.
pub(crate) fn read(text: &str, source: usize) -> (Node, Vec<Finding>) {
    let start = Span::start(source);
    let mut tree = Node::empty(start);
    let mut findings = Vec::new();
    for word in words(text, source) {
        let Some(rest) = word.text.strip_prefix(PREFIX) else {
            continue;
        };
        let (key, value) = match rest.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (rest, None),
        };
        let first = key.split(['.', '[']).next().unwrap_or(key);
        if OF_THE_BOOT.contains(&first) {
            continue;
        }
        match Path::parse(key) {
            Some(path) if !path.0.is_empty() => put(&mut tree, &path, value, word.span, schema()),
            _ => findings.push(Finding::at(
                word.span,
                "this word of the kernel command line names no key",
                "write holdfast.KEY=VALUE, such as holdfast.hostname=box",
            )),
        }
    }
    (tree, findings)
}

struct Word {
    text: String,
    span: Span,
}

/// Splits at blanks outside double quotes, as the kernel does; the quotes themselves are dropped.
fn words(text: &str, source: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut begin = 0;
    let mut quoted = false;
    let mut line = 1;
    for (at, c) in text.chars().chain([' ']).enumerate() {
        let last = at == text.chars().count();
        if (c.is_whitespace() && !quoted) || last {
            if !word.is_empty() {
                let span = Span {
                    source,
                    line,
                    column: begin + 1,
                    width: at - begin,
                };
                words.push(Word {
                    text: std::mem::take(&mut word),
                    span,
                });
            }
            begin = at + 1;
            if c == '\n' {
                line += 1;
            }
        } else if c == '"' {
            quoted = !quoted;
        } else {
            word.push(c);
        }
    }
    words
}

/// Puts a value at `path`, making what is missing on the way.
fn put(node: &mut Node, path: &Path, value: Option<&str>, span: Span, schema: &Json) {
    let Some((step, rest)) = path.0.split_first() else {
        set(node, value, span, schema);
        return;
    };
    let rest = Path(rest.to_vec());
    let inner = below(&[schema], step).into_iter().next();
    let inner = inner.unwrap_or(&Json::Null);
    match step {
        Step::Key(key) => {
            if !matches!(node.value, Value::Map(_)) {
                node.value = Value::Map(Vec::new());
            }
            let Value::Map(entries) = &mut node.value else {
                return;
            };
            let at = entries.iter().position(|entry| entry.key == *key);
            let at = at.unwrap_or_else(|| {
                entries.push(Entry {
                    key: key.clone(),
                    key_span: span,
                    value: unset(span),
                });
                entries.len() - 1
            });
            put(&mut entries[at].value, &rest, value, span, inner);
        }
        Step::Index(index) => {
            if !matches!(node.value, Value::List(_)) {
                node.value = Value::List(Vec::new());
            }
            let Value::List(items) = &mut node.value else {
                return;
            };
            // Entries are given in order; a number beyond the end is the next one.
            let at = (*index).min(items.len());
            if at == items.len() {
                items.push(unset(span));
            }
            put(&mut items[at], &rest, value, span, inner);
        }
    }
}

/// Sets a value by what the schema wants there; repeated words for a list are its entries.
fn set(node: &mut Node, value: Option<&str>, span: Span, schema: &Json) {
    let shapes = shapes(schema);
    let list = shapes
        .iter()
        .find(|shape| takes(shape, "array") && !schema.is_null());
    if let Some(list) = list {
        let item = list.get("items").unwrap_or(&Json::Null);
        let scalar = Node {
            span,
            value: scalar(value, item),
        };
        match &mut node.value {
            Value::List(items) => items.push(scalar),
            _ => node.value = Value::List(vec![scalar]),
        }
    } else {
        node.value = scalar(value, schema);
    }
    node.span = span;
}

fn scalar(value: Option<&str>, schema: &Json) -> Value {
    let Some(text) = value else {
        return Value::Scalar(Kind::Bool(true), "true".to_owned());
    };
    let text_wanted = shapes(schema)
        .iter()
        .any(|shape| takes(shape, "string") && !schema.is_null());
    let kind = if text_wanted {
        Kind::Text
    } else {
        plain_kind(text)
    };
    Value::Scalar(kind, text.to_owned())
}

fn unset(span: Span) -> Node {
    Node {
        span,
        value: Value::Scalar(Kind::Null, String::new()),
    }
}
