//! The manifests of a bundle, from a folder.

use crate::error::MakeError;
use bundle::{LARGEST_MANIFEST, is_plain_name};
use serde_json::Value;
use serde_saphyr::UserMessageFormatter;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Endings that nodes apply.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// A manifest's text, and the documents in it.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) text: Vec<u8>,
    pub(crate) documents: Vec<Value>,
}

/// Reads all manifests of a folder, by name; `say` hears of files that are none.
///
/// # Errors
/// There is none. One cannot be read, does not parse, is empty, is no object that nodes take, or has a name that no bundle has; or a
/// folder is among them.
pub(crate) fn read(
    folder: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<BTreeMap<String, Manifest>, MakeError> {
    let mut found = BTreeMap::new();
    for path in paths(folder)? {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_manifest = ending.is_some_and(|ending| ENDINGS.contains(&ending));
        // Editors and version control keep theirs beside what they are for.
        if !is_manifest && is_hidden(&path) {
            continue;
        }
        if path.is_dir() {
            return Err(MakeError::ManifestFolder { path });
        }
        if !is_manifest {
            let shown = path.display();
            say(&format!(
                "left out: {shown} is no manifest (.yaml, .yml, .json)"
            ));
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| is_plain_name(name));
        let name = name.ok_or_else(|| MakeError::FileName { path: path.clone() })?;
        if let Some(other) = found
            .keys()
            .find(|is: &&String| is.eq_ignore_ascii_case(name))
        {
            let other = other.clone();
            return Err(MakeError::SameName { path, other });
        }
        let manifest = manifest(&path)?;
        found.insert(name.to_owned(), manifest);
    }
    match found.is_empty() {
        true => Err(MakeError::NoManifests {
            path: folder.to_owned(),
        }),
        false => Ok(found),
    }
}

fn manifest(path: &Path) -> Result<Manifest, MakeError> {
    let kind = std::fs::metadata(path).map_err(MakeError::read(path))?;
    let path = path.to_owned();
    // A pipe would be waited for, and a device read without an end.
    if !kind.is_file() {
        return Err(MakeError::NoFile { path });
    }
    let mut text = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(LARGEST_MANIFEST + 1).read_to_end(&mut text))
        .map_err(MakeError::read(&path))?;
    if text.len() as u64 > LARGEST_MANIFEST {
        return Err(MakeError::LargeManifest { path });
    }
    let documents = documents(&path, &text)?;
    if documents.is_empty() {
        return Err(MakeError::EmptyManifest { path });
    }
    for (place, document) in documents.iter().enumerate() {
        if let Some(lacks) = lacking(document) {
            let number = place + 1;
            return Err(MakeError::NoObject {
                path,
                number,
                lacks,
            });
        }
    }
    Ok(Manifest { text, documents })
}

/// What a node misses in a document, or in an item of a list, before it takes any of the file.
fn lacking(document: &Value) -> Option<&'static str> {
    let items = document.get("items").and_then(Value::as_array);
    if let Some(items) = items.filter(|_| is_list(document)) {
        return items.iter().find_map(lacking);
    }
    let has = |pointer: &str| {
        let value = document.pointer(pointer).and_then(Value::as_str);
        value.is_some_and(|value| !value.is_empty())
    };
    [
        ("apiVersion", "/apiVersion"),
        ("kind", "/kind"),
        ("metadata.name", "/metadata/name"),
    ]
    .into_iter()
    .find_map(|(key, pointer)| (!has(pointer)).then_some(key))
}

/// What is in a folder, in order: what is said about it is the same each time.
fn paths(folder: &Path) -> Result<Vec<PathBuf>, MakeError> {
    let entries = std::fs::read_dir(folder).map_err(MakeError::read(folder))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths
        .collect::<Result<Vec<_>, _>>()
        .map_err(MakeError::read(folder))?;
    paths.sort();
    Ok(paths)
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

/// The documents of a text that have something in them: what a node leaves out does not count, an empty list neither.
pub(crate) fn documents(path: &Path, text: &[u8]) -> Result<Vec<Value>, MakeError> {
    let wrong = |why: String| MakeError::Manifest {
        path: path.to_owned(),
        why,
    };
    let text = std::str::from_utf8(text).map_err(|error| wrong(error.to_string()))?;
    let mut documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        // Without the parser's picture of the line, which names no file, and its advice to programmers.
        wrong(
            error
                .without_snippet()
                .render_with_formatter(&UserMessageFormatter),
        )
    })?;
    documents.retain(|document| !is_nothing(document));
    Ok(documents)
}

fn is_nothing(document: &Value) -> bool {
    let items = document.get("items").and_then(Value::as_array);
    document.is_null() || (is_list(document) && items.is_some_and(Vec::is_empty))
}

fn is_list(document: &Value) -> bool {
    document.get("kind").and_then(Value::as_str) == Some("List")
}

#[cfg(test)]
mod tests {
    use super::read;
    use std::fs;
    use std::path::Path;

    fn object(kind: &str) -> String {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: a}}\n")
    }

    fn refused(folder: &Path) -> String {
        read(folder, &mut |_| {}).unwrap_err().to_string()
    }

    #[test]
    fn what_is_read_and_what_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
        };
        write("app.yaml", &format!("{}---\n{}", object("A"), object("B")));
        write(
            "app.json",
            r#"{"apiVersion": "v1", "kind": "C", "metadata": {"name": "c"}}"#,
        );
        write("README.md", "not: [one");
        fs::create_dir(folder.path().join(".git")).unwrap();
        let mut said = Vec::new();
        let found = read(folder.path(), &mut |line| said.push(line.to_owned())).unwrap();
        let counted = found
            .iter()
            .map(|(name, m)| (name.as_str(), m.documents.len()));
        assert_eq!(
            counted.collect::<Vec<_>>(),
            [("app.json", 1), ("app.yaml", 2)]
        );
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("README.md is no manifest"), "{said:?}");
        write("bad.yaml", "kind: [A\n");
        let error = refused(folder.path());
        assert!(error.contains("bad.yaml cannot be read as YAML"), "{error}");
        fs::remove_file(folder.path().join("bad.yaml")).unwrap();
        write("my app.yaml", &object("A"));
        let error = refused(folder.path());
        assert!(error.contains("rename it"), "{error}");
    }

    #[test]
    fn a_folder_among_manifests_is_not_left_out_in_silence() {
        for name in ["db", "db.yaml"] {
            let folder = tempfile::tempdir().unwrap();
            let below = folder.path().join(name);
            fs::create_dir(&below).unwrap();
            fs::write(below.join("pod.yaml"), "kind: A\n").unwrap();
            let error = refused(folder.path());
            let words = format!("{} is a folder", below.display());
            assert!(error.starts_with(&words), "{error}");
            assert!(error.contains("move them up"), "{error}");
        }
    }

    #[test]
    fn what_nodes_would_refuse_is_refused_here() {
        let large = format!("# {}\n{}", "a".repeat(8 << 20), object("A"));
        let twice = format!("{}{}", object("A"), "kind: B\n");
        let list = "apiVersion: v1\nkind: List\nitems:\n- kind: A\n";
        let second = format!("{}---\napiVersion: v1\nkind: B\n", object("A"));
        for (text, expected) in [
            ("hello\n", "document 1 of"),
            ("- a\n- b\n", "has no apiVersion"),
            ("apiVersion: v1\nmetadata: {name: a}\n", "has no kind"),
            (&second, "document 2 of"),
            (&second, "has no metadata.name"),
            (list, "has no apiVersion"),
            (&large, "has more than 8 MiB"),
            (&twice, "duplicate mapping key"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("app.yaml"), text).unwrap();
            let error = refused(folder.path());
            assert!(error.contains(expected), "{error}");
            assert!(
                !error.contains("Policy") && !error.contains('\n'),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_no_folder_of_manifests_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.yaml.txt"), object("A")).unwrap();
        let error = refused(folder.path());
        assert!(error.contains("has no manifest in it"), "{error}");
        fs::write(folder.path().join("app.yaml"), object("A")).unwrap();
        fs::write(folder.path().join("App.yaml"), object("B")).unwrap();
        let error = refused(folder.path());
        assert!(error.contains("App.yaml and app.yaml"), "{error}");
        fs::remove_file(folder.path().join("App.yaml")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.yaml")).unwrap();
        let error = refused(folder.path());
        assert!(error.contains("zero.yaml is no file"), "{error}");
    }

    #[test]
    fn a_manifest_that_nodes_find_empty_is_refused() {
        let nothing = [
            "",
            "---\n# later\n---\n",
            "apiVersion: v1\nkind: List\nitems: []\n",
        ];
        for text in nothing {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("later.yaml"), text).unwrap();
            let error = refused(folder.path());
            assert!(
                error.contains("later.yaml has no object in it"),
                "{text:?}: {error}"
            );
        }
    }
}
