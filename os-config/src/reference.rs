//! `docs/config.md`: every key, made from the schema.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::impact::impact;
use crate::schema::{is_refused, schema, shapes, takes};

/// The reference of every key as Markdown, the table part of `docs/config.md`.
pub fn reference() -> String {
    let mut text = String::new();
    let Some(properties) = schema().get("properties").and_then(Json::as_object) else {
        return text;
    };
    for (key, schema) in properties {
        section(&mut text, key, schema);
    }
    text
}

fn section(text: &mut String, key: &str, schema: &Json) {
    let _ = writeln!(text, "### `{key}`\n\n{}\n", description(schema));
    if is_refused(schema) {
        return;
    }
    let _ = writeln!(
        text,
        "{}. A change takes effect {}.\n",
        sentence(kind(schema)),
        effect(key)
    );
    write_default_and_examples(text, schema);
    let mut rows = Vec::new();
    for inner in shapes(schema) {
        below(&mut rows, key, inner);
    }
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "| key | type | meaning |\n|---|---|---|");
    for (key, schema) in rows {
        let mut meaning = description(schema);
        for (label, member) in [("Default", "default"), ("Example", "examples")] {
            if let Some(value) = as_flow_yaml(schema, member) {
                let _ = write!(meaning, " {label}: `{value}`.");
            }
        }
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            table_cell(&key),
            table_cell(&kind(schema)),
            table_cell(meaning.trim())
        );
    }
    text.push('\n');
}

/// The members below a schema, each with its way from the top: `network.interfaces[].mtu`, `labels[KEY]`.
fn below<'a>(rows: &mut Vec<(String, &'a Json)>, way: &str, schema: &'a Json) {
    if let Some(items) = schema.get("items") {
        for shape in shapes(items) {
            below(rows, &format!("{way}[]"), shape);
        }
    }
    if let Some(values) = schema
        .get("additionalProperties")
        .filter(|values| values.is_object())
    {
        for shape in shapes(values) {
            below(rows, &format!("{way}[KEY]"), shape);
        }
    }
    let Some(properties) = schema.get("properties").and_then(Json::as_object) else {
        return;
    };
    for (key, schema) in properties {
        let way = format!("{way}.{key}");
        rows.push((way.clone(), schema));
        for shape in shapes(schema) {
            below(rows, &way, shape);
        }
    }
}

fn effect(key: &str) -> String {
    match key {
        "network" | "kubernetes" | "registries" => {
            format!(
                "{} (single keys below may differ: `holdfast config diff` says it)",
                effect_of_key(key)
            )
        }
        _ => effect_of_key(key),
    }
}

fn effect_of_key(key: &str) -> String {
    match impact(key) {
        crate::Impact::Restart(services) => format!(
            "when {} restarts, which applying it does",
            services.join(", ")
        ),
        other => other.to_string(),
    }
}

fn write_default_and_examples(text: &mut String, schema: &Json) {
    if let Some(default) = as_flow_yaml(schema, "default") {
        let _ = writeln!(text, "Default: `{default}`\n");
    }
    if let Some(example) = as_flow_yaml(schema, "examples") {
        let _ = writeln!(text, "Example: `{example}`\n");
    }
}

/// The default, or the first example, as flow YAML on one line.
fn as_flow_yaml(schema: &Json, member: &str) -> Option<String> {
    let value = schema.get(member)?;
    let value = if member == "examples" {
        value.get(0)?
    } else {
        value
    };
    Some(value.to_string())
}

fn description(schema: &Json) -> String {
    let text = schema.get("description").and_then(Json::as_str);
    text.unwrap_or_default().to_owned()
}

fn kind(schema: &Json) -> String {
    let words: Vec<String> = shapes(schema).into_iter().map(one_kind).collect();
    words.join(" or ")
}

/// The same, with brackets around a choice: what is said before it holds for all of it.
fn in_brackets(schema: &Json) -> String {
    let kind = kind(schema);
    if shapes(schema).len() > 1 {
        format!("({kind})")
    } else {
        kind
    }
}

fn one_kind(schema: &Json) -> String {
    if let Some(words) = crate::schema::allowed_words(schema) {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        return words.join(", ").replace("``", "nothing");
    }
    if takes(schema, "array") {
        let items = schema.get("items").map(in_brackets).unwrap_or_default();
        return format!("list of {items}");
    }
    if takes(schema, "object") {
        let values = schema
            .get("additionalProperties")
            .filter(|values| values.is_object());
        return match values {
            Some(values) => format!("mapping of names to {}", in_brackets(values)),
            None => "mapping".to_owned(),
        };
    }
    let all = [
        ("string", "text"),
        ("boolean", "true or false"),
        ("integer", "number"),
    ];
    let scalar = takes(schema, "string") && takes(schema, "boolean");
    if scalar {
        return "text".to_owned();
    }
    let word = all.iter().find(|(kind, _)| takes(schema, kind));
    word.map(|(_, word)| (*word).to_owned()).unwrap_or_default()
}

fn sentence(words: String) -> String {
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().collect::<String>() + chars.as_str(),
        None => words,
    }
}

fn table_cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
