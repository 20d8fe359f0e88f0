//! The manifests of a bundle, from a folder.

use crate::error::MakeError;
use bundle::is_plain_name;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Endings that nodes apply.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// A manifest's text, and the documents in it.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) text: Vec<u8>,
    pub(crate) documents: Vec<Value>,
}

/// Reads all manifests of a folder, by name.
///
/// # Errors
/// One cannot be read, does not parse, or has a name that no bundle has.
pub(crate) fn read(folder: &Path) -> Result<BTreeMap<String, Manifest>, MakeError> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(MakeError::read(folder))? {
        let path = entry.map_err(MakeError::read(folder))?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if !ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| is_plain_name(name));
        let name = name.ok_or_else(|| MakeError::FileName { path: path.clone() })?;
        let text = std::fs::read(&path).map_err(MakeError::read(&path))?;
        let documents = documents(&path, &text)?;
        found.insert(name.to_owned(), Manifest { text, documents });
    }
    Ok(found)
}

fn documents(path: &Path, text: &[u8]) -> Result<Vec<Value>, MakeError> {
    let wrong = |why: String| MakeError::Manifest {
        path: path.to_owned(),
        why,
    };
    let text = std::str::from_utf8(text).map_err(|error| wrong(error.to_string()))?;
    serde_saphyr::from_multiple::<Value>(text).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_is_read_and_what_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write("app.yaml", "kind: A\n---\nkind: B\n");
        write("app.json", "{\"kind\": \"C\"}");
        write("README.md", "not: [one");
        let found = read(folder.path()).unwrap();
        let counted = found
            .iter()
            .map(|(name, m)| (name.as_str(), m.documents.len()));
        assert_eq!(
            counted.collect::<Vec<_>>(),
            [("app.json", 1), ("app.yaml", 2)]
        );
        write("bad.yaml", "kind: [A\n");
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("bad.yaml is no YAML"), "{error}");
        std::fs::remove_file(folder.path().join("bad.yaml")).unwrap();
        write("my app.yaml", "kind: A\n");
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("rename it"), "{error}");
    }
}
