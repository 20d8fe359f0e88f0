//! The first look at a tree: are all keys known, is every value of the right type?

use serde_json::Value as Json;

use super::former_keys::former_home;
use crate::nearest::nearest;
use crate::report::syntax::{is_odd_blank, odd_blank_in_words};
use crate::report::{Finding, MOST_FINDINGS};
use crate::schema::{allowed_words, is_refused, member, shapes, takes};
use crate::secrets::{is_hidden, is_secret_key};
use crate::tree::reader::parse_integer;
use crate::tree::{Entry, Kind, Node, Path, Value};
use crate::values::text::{is_unseen, quoted, shortened};

/// Compares `node` with `schema` and returns everything that does not fit.
pub(crate) fn check_structure(node: &Node, schema: &Json) -> Vec<Finding> {
    let mut walk = Walk {
        findings: Vec::new(),
        top: schema,
    };
    walk.value(node, schema, &Path::default());
    walk.findings
}

struct Walk<'a> {
    findings: Vec<Finding>,
    top: &'a Json,
}

impl Walk<'_> {
    fn value(&mut self, node: &Node, schema: &Json, path: &Path) {
        if self.findings.len() >= MOST_FINDINGS {
            return;
        }
        let shapes = shapes(schema);
        let kind = json_type(node);
        let Some(shape) = shapes.iter().find(|shape| takes(shape, kind)) else {
            self.wrong_type(node, &shapes, path);
            return;
        };
        match &node.value {
            Value::Map(entries) => self.map(entries, shape, path),
            Value::List(items) => {
                let Some(schema) = shape.get("items") else {
                    return;
                };
                for (index, item) in items.iter().enumerate() {
                    self.value(item, schema, &path.then(index));
                }
            }
            Value::Scalar(_, text) => self.scalar(node, text, shape, path),
        }
    }

    fn map(&mut self, entries: &[Entry], schema: &Json, path: &Path) {
        for entry in entries {
            let path = path.then(entry.key.as_str());
            match member(schema, &entry.key) {
                Some(Json::Bool(_)) => {}
                Some(schema) if is_refused(schema) => self.not_yet(entry, path),
                Some(schema) => self.value(&entry.value, schema, &path),
                None => self.unknown(entry, schema, path),
            }
        }
    }

    /// The key is known and its work is not built. However little it says, and however wrong that is: a file that has it
    /// counts on something, and a complaint about its value would invite to go on.
    fn not_yet(&mut self, entry: &Entry, path: Path) {
        if self.findings.len() >= MOST_FINDINGS {
            return;
        }
        let message = format!("{} yet", cannot(&entry.key));
        let help = "remove it; a later version will take it";
        self.findings
            .push(Finding::at(entry.key_span, message, help).about(path));
    }

    fn unknown(&mut self, entry: &Entry, schema: &Json, path: Path) {
        if self.findings.len() >= MOST_FINDINGS {
            return;
        }
        let without_value = matches!(entry.value.value, Value::Scalar(Kind::Null, _));
        if is_secret_key(&path, without_value) {
            let message = "here is an unknown key, not shown, since it may be a secret";
            let help = "write `key: value`, with a blank after the colon";
            // What is left out is told about by its key, so it is what holds this one.
            let holder = Path(path.0[..path.0.len() - 1].to_vec());
            let about = if holder.0.is_empty() { path } else { holder };
            self.findings
                .push(Finding::at(entry.key_span, message, help).about(about));
            return;
        }
        if let Some(blank) = entry.key.chars().find(|c| is_odd_blank(*c)) {
            let (message, help) = odd_blank_in_words(blank);
            self.findings
                .push(Finding::at(entry.key_span, message, help).about(path));
            return;
        }
        let (refused, known): (Vec<&str>, Vec<&str>) = properties(schema)
            .into_iter()
            .partition(|key| member(schema, key).is_some_and(is_refused));
        let elsewhere = properties(self.top)
            .into_iter()
            .find(|key| *key == entry.key);
        let help = if let Some(home) = former_home(&entry.key) {
            home.to_owned()
        } else if let Some(near) = nearest(&entry.key, &known) {
            format!("did you mean `{near}`?")
        } else if let Some(near) = nearest(&entry.key, &refused) {
            cannot(near)
        } else if let (Some(key), true) = (elsewhere, path.0.len() > 1) {
            if member(self.top, key).is_some_and(is_refused) {
                cannot(key)
            } else {
                format!("`{key}` belongs at the top level: do not indent it")
            }
        } else {
            format!("known here: {}", known.join(", "))
        };
        let message = format!("unknown key {}", backticked(&entry.key));
        self.findings
            .push(Finding::at(entry.key_span, message, help).about(path));
    }

    fn wrong_type(&mut self, node: &Node, shapes: &[&Json], path: &Path) {
        let wanted = wanted(shapes);
        let place = path
            .0
            .last()
            .map_or_else(|| "the configuration".to_owned(), |_| format!("`{path}`"));
        let (message, help) = match &node.value {
            Value::Scalar(Kind::Null, _) => (
                format!("{place} has no value"),
                format!("write {wanted}, or remove the key"),
            ),
            Value::Scalar(..) if is_hidden(path) => (
                format!("{place} must be {wanted}, not a single value"),
                String::new(),
            ),
            _ => (
                format!("{place} must be {wanted}, not {}", node.in_words()),
                type_help(node, shapes),
            ),
        };
        self.findings
            .push(Finding::at(node.span, message, help).about(path.clone()));
    }

    fn scalar(&mut self, node: &Node, text: &str, schema: &Json, path: &Path) {
        if let Some(words) = allowed_words(schema).filter(|words| !words.contains(&text)) {
            let help = match nearest(text, &words) {
                Some(near) => format!("did you mean {near}?"),
                None => String::new(),
            };
            let choices: Vec<&str> = words
                .iter()
                .copied()
                .filter(|word| !word.is_empty())
                .collect();
            let message = format!(
                "{} is not known here; it is one of {}",
                quoted(text),
                choices.join(", ")
            );
            self.findings
                .push(Finding::at(node.span, message, help).about(path.clone()));
        } else if takes(schema, "integer") && !takes(schema, "string") {
            self.number(node, text, path);
        }
    }

    fn number(&mut self, node: &Node, text: &str, path: &Path) {
        let fits =
            crate::tree::reader::parse_integer(text).is_some_and(|n| u32::try_from(n).is_ok());
        if !fits {
            let message = format!(
                "`{path}` must be a whole number from 0 to {}, not {}",
                u32::MAX,
                shortened(text)
            );
            self.findings
                .push(Finding::at(node.span, message, "").about(path.clone()));
        }
    }
}

fn cannot(key: &str) -> String {
    format!("`{key}` is known, but this version cannot carry it out")
}

fn backticked(key: &str) -> String {
    if key.len() <= 60 && !key.chars().any(is_unseen) {
        format!("`{key}`")
    } else {
        quoted(key)
    }
}

fn properties(schema: &Json) -> Vec<&str> {
    schema
        .get("properties")
        .and_then(Json::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

fn json_type(node: &Node) -> &'static str {
    match &node.value {
        Value::Scalar(Kind::Null, _) => "null",
        Value::Scalar(Kind::Bool(_), _) => "boolean",
        Value::Scalar(Kind::Integer, _) => "integer",
        Value::Scalar(Kind::Float, _) => "number",
        Value::Scalar(Kind::Text, _) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

fn wanted(shapes: &[&Json]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for shape in shapes {
        let scalar = takes(shape, "string");
        let all = [
            ("string", "text"),
            ("boolean", "true or false"),
            ("integer", "a whole number"),
            ("array", "a list"),
            ("object", "a mapping (key: value)"),
        ];
        for (kind, word) in all {
            let covered = scalar && matches!(kind, "boolean" | "integer");
            if takes(shape, kind) && !covered && !words.contains(&word) {
                words.push(word);
            }
        }
    }
    words.join(" or ")
}

fn type_help(node: &Node, shapes: &[&Json]) -> String {
    let takes = |kind| shapes.iter().any(|shape| takes(shape, kind));
    match &node.value {
        Value::Scalar(Kind::Text, text) if takes("boolean") => match text.as_str() {
            "yes" | "on" | "y" | "Yes" | "On" | "YES" | "ON" => "write true".to_owned(),
            "no" | "off" | "n" | "No" | "Off" | "NO" | "OFF" => "write false".to_owned(),
            "true" | "false" => "leave the quotes out".to_owned(),
            _ => String::new(),
        },
        Value::Scalar(kind, text) if takes("string") && *kind != Kind::Null => {
            format!("put it in quotes if it is meant as text: {}", quoted(text))
        }
        Value::Scalar(Kind::Text, text) if takes("integer") && parse_integer(text).is_some() => {
            "leave the quotes out".to_owned()
        }
        Value::Scalar(..) if takes("array") => {
            "write it as a list, one `- item` a line below the key, or `[item, item]`".to_owned()
        }
        Value::Map(_) if takes("string") => {
            "text with a colon and a blank in it goes in quotes".to_owned()
        }
        Value::Map(_) if takes("array") => "begin each entry with `- `".to_owned(),
        Value::List(_) if takes("object") => "leave out the `- ` in front of the keys".to_owned(),
        _ => String::new(),
    }
}
