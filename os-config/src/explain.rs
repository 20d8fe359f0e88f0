//! Which source won for a key, and which lost.

use std::fmt;

use crate::defaults;
use crate::load::Loaded;
use crate::nearest::nearest;
use crate::schema::{schema, schemas_below, shapes};
use crate::secrets::hide_credentials;
use crate::show::inline;
use crate::source::SourceName;
use crate::tree::{Node, Path, Step, Value};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which place; `None` for the built-in default.
    pub source: Option<SourceName>,
    /// The file or URL.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The value there on one line, secrets blotted out.
    pub value: String,
}

/// One value and its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The whole key.
    pub key: String,
    /// Where its value comes from; `None` when nothing says it and there is no default.
    pub won: Option<Origin>,
    /// What other sources say, the strongest first.
    pub lost: Vec<Origin>,
}

/// What `holdfast config explain KEY` answers: one entry for each value at or below the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The values.
    pub values: Vec<Explained>,
    /// What the key means.
    pub meaning: String,
}

/// The key that was asked about does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no key `{key}`{}", near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownKey {
    /// The key as it was asked.
    pub key: String,
    /// The nearest one that exists.
    pub near: Option<String>,
}

impl Loaded {
    /// Says for `key` (`hostname`, `network.dns`, `labels[zone]`, `network.interfaces[0]`) which source won.
    ///
    /// # Errors
    /// [`UnknownKey`] when the schema does not know it.
    pub fn explain(&self, key: &str) -> Result<Explanation, UnknownKey> {
        let unknown = |near| UnknownKey {
            key: key.to_owned(),
            near,
        };
        let path = Path::parse(key).ok_or_else(|| unknown(None))?;
        let meaning = meaning(&path).map_err(unknown)?;
        let whole = defaults::under(&self.tree);
        let mut leaves = Vec::new();
        match whole.get(&path) {
            Some(node) => collect(node, &path, &mut leaves),
            None => leaves.push(path.clone()),
        }
        Ok(Explanation {
            values: leaves
                .iter()
                .map(|leaf| self.explained(&whole, leaf))
                .collect(),
            meaning,
        })
    }

    fn explained(&self, whole: &Node, path: &Path) -> Explained {
        let says = |tree: &Node| self.origin(tree, path);
        // The merge replaces a list as a whole, so a weaker source's entries at or below it have lost.
        let lost = self.parts.iter().rev().filter_map(|(_, tree)| says(tree));
        let won = says(whole);
        let lost = lost.filter(|origin| Some(origin) != won.as_ref()).collect();
        Explained {
            key: path.to_string(),
            won,
            lost,
        }
    }

    fn origin(&self, tree: &Node, path: &Path) -> Option<Origin> {
        let node = tree.get(path)?;
        let source = self.source(node.span.source);
        Some(Origin {
            source: source.map(|source| source.name),
            file: source.map_or_else(
                || "built-in default".to_owned(),
                |source| hide_credentials(&source.origin),
            ),
            line: node.span.line,
            value: inline(tree, path)?,
        })
    }
}

/// The values below `node`: scalars and whole lists.
pub(crate) fn collect(node: &Node, path: &Path, leaves: &mut Vec<Path>) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                collect(&entry.value, &path.then(entry.key.as_str()), leaves);
            }
        }
        _ => leaves.push(path.clone()),
    }
}

/// What the schema says about `path`; the nearest key where it leads nowhere.
fn meaning(path: &Path) -> Result<String, Option<String>> {
    let mut here = vec![schema()];
    let mut way = Path::default();
    let mut meaning = String::new();
    for step in &path.0 {
        let next = schemas_below(&here, step).into_iter().next();
        let Some(next) = next else {
            let Step::Key(key) = step else {
                return Err(None);
            };
            let known: Vec<&str> = here
                .iter()
                .flat_map(|schema| shapes(schema))
                .filter_map(|shape| shape.get("properties")?.as_object())
                .flat_map(|properties| properties.keys().map(String::as_str))
                .collect();
            return Err(nearest(key, &known).map(|near| way.then(near).to_string()));
        };
        way.0.push(step.clone());
        here = vec![next];
        // An entry of a list or of a mapping with free keys means what its list or mapping means.
        if let Some(text) = next.get("description").and_then(serde_json::Value::as_str) {
            text.clone_into(&mut meaning);
        }
    }
    Ok(meaning)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            Some(source) => write!(f, "{source}, {}:{}", self.file, self.line),
            None => f.write_str(&self.file),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for explained in &self.values {
            match &explained.won {
                Some(won) => {
                    writeln!(f, "{} = {}", explained.key, won.value)?;
                    writeln!(f, "    from: {won}")?;
                }
                None => writeln!(f, "{} is not set and has no default", explained.key)?,
            }
            for lost in &explained.lost {
                writeln!(f, "    lost: {lost} = {}", lost.value)?;
            }
        }
        if !self.meaning.is_empty() {
            write!(f, "\n{}", self.meaning)?;
        }
        Ok(())
    }
}
