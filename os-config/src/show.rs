//! A merged configuration as text.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use crate::defaults;
use crate::load::Loaded;
use crate::schema::{schema, schemas_below, shapes, takes};
use crate::secrets::{BLOT, hidden_member, hide_credentials, is_secret};
use crate::source::Source;
use crate::tree::reader::parse_integer;
use crate::tree::{Kind, Node, Path, Step, Value};

impl Loaded {
    /// Everything in force, defaults included, as YAML with secrets blotted out.
    pub fn redacted_yaml(&self) -> String {
        write(&defaults::under(&self.tree), true)
    }

    /// Everything in force, defaults included, as YAML with all secrets.
    pub fn secret_yaml(&self) -> String {
        write(&defaults::under(&self.tree), false)
    }

    /// What the sources say together, without defaults, as YAML with all secrets: a configuration to write down and
    /// read again.
    pub fn merged_yaml(&self) -> String {
        write(&self.tree, false)
    }

    /// Whether no source says anything but the version of the format, as in a sample that nobody edited.
    pub fn says_nothing(&self) -> bool {
        self.tree
            .entries()
            .iter()
            .all(|entry| entry.key == "version")
    }

    /// Which sources say something at `key`, a key of the top level, the weakest first.
    pub fn said_by(&self, key: &str) -> Vec<&Source> {
        let named = self
            .parts
            .iter()
            .filter(|(_, tree)| tree.entry(key).is_some());
        named.map(|(source, _)| source).collect()
    }

    pub(crate) fn source(&self, index: usize) -> Option<&Source> {
        self.parts.get(index).map(|(source, _)| source)
    }
}

/// A tree as YAML, with all secrets.
pub fn to_yaml(tree: &Node) -> String {
    write(tree, false)
}

/// A value as JSON on one line.
pub fn to_json(node: &Node) -> String {
    json(node, &Path::default())
}

fn write(tree: &Node, redact: bool) -> String {
    let view = View::at(tree, Path::default(), redact);
    // Long lines stay lines: a folded ssh key is valid, and nobody recognises it.
    let options = serde_saphyr::ser_options! {
        folded_wrap_chars: crate::LARGEST_TEXT,
        empty_as_braces: true,
    };
    serde_saphyr::to_string_with_options(&view, options)
        .expect("a tree of text, lists and mappings can be written as YAML")
}

/// The value at `path` on one line, secrets blotted out.
pub(crate) fn inline(tree: &Node, path: &Path) -> Option<String> {
    let node = tree.get(path)?;
    if let Some((Step::Key(key), above)) = path.0.split_last() {
        let above = Path(above.to_vec());
        let hidden = tree.get(&above).and_then(|node| {
            let view = View::at(node, above, true);
            hidden_member(node, &view.shapes)
        });
        if hidden == Some(key.as_str()) {
            return Some(format!("\"{BLOT}\""));
        }
    }
    Some(json(node, path))
}

/// A value as JSON on one line, secrets blotted out by their place.
fn json(node: &Node, path: &Path) -> String {
    let view = View::at(node, path.clone(), true);
    serde_json::to_string(&view).expect("a tree of text, lists and mappings can be written as JSON")
}

struct View<'a> {
    node: &'a Node,
    path: Path,
    redact: bool,
    /// The shapes that the schema knows here; none where it knows nothing.
    shapes: Vec<&'static Json>,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.node.value {
            Value::Scalar(Kind::Null, _) => serializer.serialize_unit(),
            Value::Scalar(..) if self.redact && is_secret(&self.path) => {
                serializer.serialize_str(BLOT)
            }
            Value::Scalar(Kind::Bool(value), text) => {
                // Where text is wanted, `True` is no `true`.
                if self.wants("boolean") || text == if *value { "true" } else { "false" } {
                    serializer.serialize_bool(*value)
                } else {
                    serializer.serialize_str(text)
                }
            }
            Value::Scalar(Kind::Integer, text) => match parse_integer(text) {
                // Where text is wanted, `0644` is no `644`.
                Some(number) if self.wants("integer") || number.to_string() == *text => {
                    serializer.serialize_u64(number)
                }
                _ => serializer.serialize_str(text),
            },
            Value::Scalar(_, text) if self.redact => {
                serializer.serialize_str(&hide_credentials(text))
            }
            Value::Scalar(_, text) => serializer.serialize_str(text),
            Value::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for (index, node) in items.iter().enumerate() {
                    list.serialize_element(&self.below(node, self.path.then(index)))?;
                }
                list.end()
            }
            Value::Map(entries) => {
                let hidden = hidden_member(self.node, &self.shapes).filter(|_| self.redact);
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    let path = self.path.then(entry.key.as_str());
                    if hidden == Some(entry.key.as_str()) {
                        map.serialize_entry(&entry.key, BLOT)?;
                    } else {
                        map.serialize_entry(&entry.key, &self.below(&entry.value, path))?;
                    }
                }
                map.end()
            }
        }
    }
}

impl<'a> View<'a> {
    fn at(node: &'a Node, path: Path, redact: bool) -> Self {
        let top = shapes(schema());
        let shapes = path
            .0
            .iter()
            .fold(top, |shapes, step| shapes_below(&shapes, step));
        View {
            node,
            path,
            redact,
            shapes,
        }
    }

    /// What stands below, at the last step of `path`.
    fn below(&self, node: &'a Node, path: Path) -> Self {
        let step = path.0.last();
        let shapes = step
            .map(|step| shapes_below(&self.shapes, step))
            .unwrap_or_default();
        View {
            node,
            path,
            redact: self.redact,
            shapes,
        }
    }

    /// True where values of this JSON type are taken and text is not.
    fn wants(&self, kind: &str) -> bool {
        let any = |kind| self.shapes.iter().any(|shape| takes(shape, kind));
        any(kind) && !any("string")
    }
}

fn shapes_below(above: &[&'static Json], step: &Step) -> Vec<&'static Json> {
    schemas_below(above, step)
        .into_iter()
        .flat_map(shapes)
        .collect()
}
