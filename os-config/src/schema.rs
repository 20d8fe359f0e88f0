//! The JSON Schema of `config.yaml`, made from the raw types: everything that is said about a key is said there.
//!
//! Besides the words of JSON Schema it has two of our own, which are not published: `x-impact`, what it takes for a changed
//! key to take effect, and `x-secret`, when a value must not be shown. Both hold for everything below, until a key there
//! says otherwise.
//!
//! It is never stricter than the program: what it refuses, `holdfast config check` refuses as well. What it cannot say,
//! above all how two values go together, only the program sees.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use serde_json::{Value as Json, json};

use crate::raw::{LATER, RawConfig};
use crate::tree::{Path, Step};

/// The JSON Schema of `config.yaml`, draft 2020-12, as pretty-printed JSON with a line break at the end.
pub fn schema_json() -> String {
    let mut published = schema().clone();
    drop_internal_members(&mut published);
    let mut text = serde_json::to_string_pretty(&published).expect("a JSON value can be written");
    text.push('\n');
    text
}

/// The schema as a value, every part spelled out where it is used.
pub(crate) fn schema() -> &'static Json {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.inline_subschemas = true;
        });
        let mut schema = settings
            .into_generator()
            .into_root_schema_for::<RawConfig>()
            .to_value();
        drop_nulls(&mut schema);
        add_refused_keys(&mut schema);
        // The same text whatever features other crates ask of serde_json.
        schema.sort_all_objects();
        schema
    })
}

/// What is between the raw types and this program, and no editor's business.
const OURS: &str = "x-";

fn drop_internal_members(schema: &mut Json) {
    match schema {
        Json::Object(members) => {
            members.retain(|word, _| !word.starts_with(OURS));
            members.values_mut().for_each(drop_internal_members);
        }
        Json::Array(items) => items.iter_mut().for_each(drop_internal_members),
        _ => {}
    }
}

/// Adds the keys that are known and refused: there is no value that they take.
fn add_refused_keys(schema: &mut Json) {
    if let Some(Json::Object(properties)) = schema.get_mut("properties") {
        for (key, description) in LATER {
            let refused = json!({ "description": description, "not": {} });
            properties.insert(key.to_owned(), refused);
        }
    }
}

/// Removes what the raw types' `Option` and `Default` leave behind: `null` is never a value here.
fn drop_nulls(schema: &mut Json) {
    match schema {
        Json::Object(members) => {
            drop_null_type(members);
            let empty_default = members.get("default").is_some_and(|default| {
                default.is_null()
                    || default.as_array().is_some_and(Vec::is_empty)
                    || default.as_object().is_some_and(serde_json::Map::is_empty)
            });
            if empty_default {
                members.remove("default");
            }
            if let Some(Json::String(text)) = members.get_mut("description") {
                *text = text
                    .split('\n')
                    .map(str::trim)
                    .collect::<Vec<_>>()
                    .join(" ");
            }
            members.values_mut().for_each(drop_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn drop_null_type(members: &mut serde_json::Map<String, Json>) {
    if let Some(Json::Array(types)) = members.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    if let Some(Json::Array(choices)) = members.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        if let [Json::Object(only)] = choices.as_slice() {
            let only = only.clone();
            members.remove("anyOf");
            for (name, value) in only {
                members.entry(name).or_insert(value);
            }
        }
    }
    if let Some(Json::Array(choices)) = members.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
}

/// The part of the schema for the values under `key`, when `schema` is a mapping that knows it.
pub(crate) fn member<'a>(schema: &'a Json, key: &str) -> Option<&'a Json> {
    schema
        .get("properties")
        .and_then(|properties| properties.get(key))
        .or_else(|| {
            schema
                .get("additionalProperties")
                .filter(|schema| !matches!(schema, Json::Bool(false)))
        })
}

/// What the schema says of each thing on the way to `path`, from the top on, as far as it knows the way.
pub(crate) fn on_the_way(path: &Path) -> Vec<&'static Json> {
    let mut way = Vec::new();
    let mut here = vec![schema()];
    for step in &path.0 {
        here = schemas_below(&here, step);
        way.extend(here.iter().copied());
    }
    way
}

/// What the schemas `above` say of what is one step below.
pub(crate) fn schemas_below<'a>(above: &[&'a Json], step: &Step) -> Vec<&'a Json> {
    let shapes = above.iter().flat_map(|schema| shapes(schema));
    shapes
        .filter_map(|shape| match step {
            Step::Key(key) => member(shape, key),
            Step::Index(_) => shape.get("items"),
        })
        .collect()
}

/// True for the schema of a key that is known and refused.
pub(crate) fn is_refused(schema: &Json) -> bool {
    schema.get("not").is_some_and(|not| *not == json!({}))
}

/// The schema and, where it is a choice of shapes, each of its shapes.
pub(crate) fn shapes(schema: &Json) -> Vec<&Json> {
    match schema.get("anyOf").and_then(Json::as_array) {
        Some(choices) => choices.iter().flat_map(shapes).collect(),
        None => vec![schema],
    }
}

/// True when `schema` takes values of this JSON type.
pub(crate) fn takes(schema: &Json, kind: &str) -> bool {
    match schema.get("type") {
        Some(Json::String(one)) => one == kind || (one == "number" && kind == "integer"),
        Some(Json::Array(many)) => many
            .iter()
            .any(|one| one == kind || (one == "number" && kind == "integer")),
        Some(_) => false,
        None => {
            let words = schema.get("enum").or_else(|| schema.get("oneOf"));
            words.is_none() || kind == "string"
        }
    }
}

/// The words that `schema` allows, when it allows only certain ones.
pub(crate) fn allowed_words(schema: &Json) -> Option<Vec<&str>> {
    schema
        .get("enum")?
        .as_array()
        .map(|words| words.iter().filter_map(Json::as_str).collect())
}
