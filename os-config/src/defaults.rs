//! The built-in defaults as a tree, so that they can be shown and explained like every other value.
//!
//! They come from the schema, which tests hold against what the checked types fill in.

use serde_json::Value as Json;

use crate::schema::schema;
use crate::tree::{Entry, Kind, Node, Span, Value};

/// Lays the built-in defaults under `tree`.
pub(crate) fn under(tree: &Node) -> Node {
    let mut all = defaults(schema()).unwrap_or_else(|| Node::empty(tree.span));
    crate::merge::merge(&mut all, tree);
    all
}

/// The span of a value that no source says.
pub(crate) fn nowhere() -> Span {
    Span::start(usize::MAX)
}

fn defaults(schema: &Json) -> Option<Node> {
    let value = match (schema.get("default"), schema.get("properties")) {
        (Some(default), _) => plain(default),
        (None, Some(Json::Object(properties))) => {
            let entries: Vec<Entry> = properties
                .iter()
                .filter_map(|(key, schema)| {
                    defaults(schema).map(|value| Entry {
                        key: key.clone(),
                        key_span: nowhere(),
                        value,
                    })
                })
                .collect();
            if entries.is_empty() {
                return None;
            }
            Value::Map(entries)
        }
        _ => return None,
    };
    Some(Node {
        span: nowhere(),
        value,
    })
}

fn plain(json: &Json) -> Value {
    match json {
        Json::Bool(value) => Value::Scalar(Kind::Bool(*value), value.to_string()),
        Json::Number(number) => Value::Scalar(Kind::Integer, number.to_string()),
        Json::String(text) => Value::Scalar(Kind::Text, text.clone()),
        Json::Array(items) => {
            let node = |item| Node {
                span: nowhere(),
                value: plain(item),
            };
            Value::List(items.iter().map(node).collect())
        }
        Json::Null | Json::Object(_) => Value::Scalar(Kind::Null, String::new()),
    }
}
