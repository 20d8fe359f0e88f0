//! `holdfast.KEY=VALUE` on the kernel's command line.
//!
//! Keys are dotted (`holdfast.network.dns.search=shop.example`), a key of a map stands in brackets
//! (`holdfast.labels[zone]=north`), an entry of a list as well (`holdfast.network.interfaces[0].name=enp1s0`), a list is
//! written by repeating its key, and a bare key means true. A word with blanks goes in double quotes.

use std::ops::Range;

use serde_json::Value as Json;

use crate::report::Finding;
use crate::schema::{schema, schemas_below, shapes, takes};
use crate::tree::scalar::plain_kind;
use crate::tree::{Entry, Kind, Node, Path, Span, Step, Value};

/// Words below `holdfast.` that belong to the boot itself, not to the configuration.
const OF_THE_BOOT: [&str; 6] = [
    "end",
    "led",
    "maintenance",
    "rootsize",
    "roothash",
    "version",
];

const PREFIX: &str = "holdfast.";

/// A word of the command line that is Holdfast's.
pub(crate) struct Setting<'a> {
    /// The key that it names; `None` when it names none.
    pub(crate) path: Option<Path>,
    /// Its value, without quotes, and the bytes that it takes.
    pub(crate) value: Option<String>,
    pub(crate) bytes: Range<usize>,
    span: Span,
    key: &'a str,
}

/// Reads the configuration out of a kernel command line; words that name no key are findings.
pub(crate) fn read(text: &str, source: usize) -> (Node, Vec<Finding>) {
    let mut tree = Node::empty(Span::start(source));
    let findings = lay_over(&mut tree, text, source);
    (tree, findings)
}

/// Puts what the words say into `tree`. A list that stands there goes with the first word for the whole of it.
pub(crate) fn lay_over(tree: &mut Node, text: &str, source: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: Vec<Path> = Vec::new();
    for setting in settings(text, source) {
        let first = setting.key.split(['.', '[']).next().unwrap_or(setting.key);
        if OF_THE_BOOT.contains(&first) {
            continue;
        }
        let (value, span) = (setting.value.as_deref(), setting.span);
        let Some(path) = setting.path else {
            findings.push(Finding::at(
                span,
                "this word of the kernel command line names no key",
                "write holdfast.KEY=VALUE, such as holdfast.hostname=box",
            ));
            continue;
        };
        let is_list = |node: &Node| matches!(node.value, Value::List(_));
        if matches!(path.0.last(), Some(Step::Key(_)))
            && !seen.contains(&path)
            && tree
                .get(&path)
                .is_some_and(|node| is_list(node) && node.span.source != source)
        {
            tree.prune(&path);
        }
        put(tree, &path, value, span, schema());
        seen.push(path);
    }
    findings
}

/// The words that are Holdfast's.
pub(crate) fn settings(text: &str, source: usize) -> impl Iterator<Item = Setting<'_>> {
    split_words(text).filter_map(move |word| {
        let whole = &text[word.bytes.clone()];
        // The quotes may be around the whole word or around the value.
        let begin = whole.len() - whole.trim_start_matches('"').len();
        let rest = whole[begin..].strip_prefix(PREFIX)?;
        let (key, value) = match rest.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (rest, None),
        };
        let from = value.map_or(word.bytes.end, |value| word.bytes.end - value.len());
        let path = Path::parse(&key.replace('"', "")).filter(|path| !path.0.is_empty());
        Some(Setting {
            path,
            value: value.map(|value| value.replace('"', "")),
            bytes: from..word.bytes.end,
            span: Span {
                source,
                line: word.line,
                column: word.column,
                width: whole.chars().count(),
                bytes: (word.bytes.start, word.bytes.end),
            },
            key,
        })
    })
}

struct Word {
    bytes: Range<usize>,
    line: usize,
    column: usize,
}

/// Splits at blanks outside double quotes, as the kernel does.
fn split_words(text: &str) -> impl Iterator<Item = Word> + '_ {
    let mut quoted = false;
    let mut begin = 0;
    let (mut line, mut column) = (1, 1);
    text.char_indices()
        .chain([(text.len(), ' ')])
        .filter_map(move |(at, c)| {
            quoted ^= c == '"';
            if !c.is_whitespace() || (quoted && at < text.len()) {
                return None;
            }
            let bytes = begin..at;
            begin = at + c.len_utf8();
            let word = Word {
                column,
                line,
                bytes,
            };
            column += text[word.bytes.clone()].chars().count() + 1;
            if c == '\n' {
                (line, column) = (line + 1, 1);
            }
            (!word.bytes.is_empty()).then_some(word)
        })
}

/// Puts a value at `path`, making what is missing on the way.
fn put(node: &mut Node, path: &Path, value: Option<&str>, span: Span, schema: &Json) {
    let Some((step, rest)) = path.0.split_first() else {
        set(node, value, span, schema);
        return;
    };
    let rest = Path(rest.to_vec());
    let inner = schemas_below(&[schema], step).into_iter().next();
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
