//! Manifest files as documents.

use super::object::ObjectRef;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// One object that shall be in the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The file it stands in.
    pub file: String,
    /// Its place in the file, from 1.
    pub index: usize,
    /// Which object.
    pub object: ObjectRef,
    /// All of it.
    pub content: Value,
}

/// Something about a manifest that a person has to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestProblem {
    /// The file.
    pub file: String,
    /// The document's place in it, from 1; 0 means the whole file.
    pub index: usize,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.index > 0 {
            write!(f, ", document {}", self.index)?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Takes a file apart. Lists are opened; empty documents are skipped.
///
/// # Errors
/// The file is not YAML, or a document does not name its object.
pub fn parse(file: &str, text: &str) -> Result<Vec<Document>, ManifestProblem> {
    let problem = |index, reason| ManifestProblem {
        file: file.into(),
        index,
        reason,
    };
    let values: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|e| problem(0, e.to_string()))?;
    let mut documents = Vec::new();
    for (place, value) in values.into_iter().filter(|v| !v.is_null()).enumerate() {
        for content in opened(value) {
            let object = object_ref(&content).map_err(|reason| problem(place + 1, reason))?;
            documents.push(Document {
                file: file.into(),
                index: place + 1,
                object,
                content,
            });
        }
    }
    Ok(documents)
}

fn opened(mut value: Value) -> Vec<Value> {
    let list = value.get("kind").and_then(Value::as_str) == Some("List");
    match value.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if list => items,
        Some(other) => {
            value["items"] = other;
            vec![value]
        }
        None => vec![value],
    }
}

fn object_ref(content: &Value) -> Result<ObjectRef, String> {
    let text = |pointer: &str| {
        content
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let object = ObjectRef {
        api_version: text("/apiVersion"),
        kind: text("/kind"),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
    };
    for (key, value) in [
        ("apiVersion", &object.api_version),
        ("kind", &object.kind),
        ("metadata.name", &object.name),
    ] {
        if value.is_empty() {
            return Err(format!("{key} is missing or not a text"));
        }
    }
    Ok(object)
}

/// Orders documents so that what others need comes first; otherwise the given order is kept.
pub(super) fn in_order(mut documents: Vec<Document>) -> Vec<Document> {
    documents.sort_by_key(|document| document.object.rank());
    documents
}

/// Fills `{{ name }}` in a packaged manifest.
///
/// # Errors
/// A name that is not among `values`, or a brace that is not closed.
pub(super) fn fill(
    file: &str,
    text: &str,
    values: &BTreeMap<&str, String>,
) -> Result<String, ManifestProblem> {
    let problem = |reason: String| ManifestProblem {
        file: file.into(),
        index: 0,
        reason,
    };
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .ok_or_else(|| problem("{{ without }}".into()))?;
        let value = values.get(name.trim());
        let value = value.ok_or_else(|| problem(format!("no value for {{{{{name}}}}}")))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::{fill, in_order, parse};
    use std::collections::BTreeMap;

    #[test]
    fn documents_in_the_order_in_which_they_can_be_made() {
        let text = "\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: web}
---
# nothing
---
apiVersion: v1
kind: List
items:
  - apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: b}
  - apiVersion: v1
    kind: Namespace
    metadata: {name: web}
";
        let all = in_order(parse("x.yaml", text).expect("valid"));
        let shown: Vec<_> = all
            .iter()
            .map(|d| format!("{} in {}", d.object, d.index))
            .collect();
        assert_eq!(
            shown,
            [
                "web (Namespace) in 2",
                "b (CustomResourceDefinition) in 2",
                "web/a (ConfigMap) in 1"
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (case, text, index, words) in [
            (
                "no name",
                "apiVersion: v1\nkind: ConfigMap\n",
                1,
                "metadata.name is missing",
            ),
            (
                "second without kind",
                "apiVersion: v1\nkind: A\nmetadata: {name: x}\n---\napiVersion: v1\n",
                2,
                "kind is missing",
            ),
            ("not YAML", "a: [", 0, "line 1"),
            ("a tab", "a:\n\tb: 1\n", 0, "line 2"),
            ("a text", "hello\n", 1, "apiVersion is missing"),
        ] {
            let problem = parse("x.yaml", text).expect_err(case);
            assert_eq!(problem.index, index, "{case}: {problem}");
            assert!(problem.to_string().contains(words), "{case}: {problem}");
        }
    }

    #[test]
    fn names_are_filled_and_unknown_ones_refused() {
        let values = BTreeMap::from([("dns", "10.43.0.10".to_owned())]);
        assert_eq!(
            fill("f", "a {{ dns }} b {{dns}}", &values).expect("known"),
            "a 10.43.0.10 b 10.43.0.10"
        );
        assert!(
            fill("f", "{{ x }}", &values)
                .expect_err("unknown")
                .reason
                .contains("no value")
        );
        assert!(
            fill("f", "{{ dns", &values)
                .expect_err("open")
                .reason
                .contains("without")
        );
    }
}
