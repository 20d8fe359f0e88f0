//! The judge: a JSON Schema validator that is not ours.

use jsonschema::Validator;
use os_config::schema_json;
use serde_json::Value as Json;

/// The published schema.
pub(crate) fn schema() -> Json {
    serde_json::from_str(&schema_json()).expect("the schema is JSON")
}

/// The schema, ready to judge.
pub(crate) fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).expect("the schema is one of draft 2020-12")
}

/// What a reader of YAML 1.2 hands to an editor's validator; `None` when it takes the text for no YAML.
pub(crate) fn json_of(text: &[u8]) -> Option<Json> {
    let text = std::str::from_utf8(text).ok()?;
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).ok()
}

/// Everything that the schema says against a value.
pub(crate) fn complaints(validator: &Validator, json: &Json) -> Vec<String> {
    validator
        .iter_errors(json)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
