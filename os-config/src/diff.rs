//! What differs between two configurations, key by key.

use std::fmt;

use crate::defaults;
use crate::explain::collect;
use crate::impact::{Impact, impact};
use crate::load::Loaded;
use crate::show::inline;
use crate::tree::{Node, Path, Step, Value};

/// One key that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The whole key.
    pub key: String,
    /// The value before, secrets blotted out; `None` when it was not set.
    pub before: Option<String>,
    /// The value after, secrets blotted out; `None` when it is not set any more.
    pub after: Option<String>,
    /// What it takes to take effect.
    pub impact: Impact,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(f, "+ {key}: {after}")?,
            (Some(before), None) => write!(f, "- {key}: {before}")?,
            (before, after) => {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                let (before, after) = (text(before), text(after));
                // Two secrets look alike when they are blotted out.
                let changed = if before == after { " (changed)" } else { "" };
                write!(f, "~ {key}: {before} -> {after}{changed}")?;
            }
        }
        write!(f, "   [{}]", self.impact)
    }
}

/// Everything that differs between two configurations, defaults included, in the order of the keys.
pub fn diff(before: &Loaded, after: &Loaded) -> Vec<Change> {
    let before = defaults::under(&before.tree);
    let after = defaults::under(&after.tree);
    let mut keys = Vec::new();
    collect(&before, &Path::default(), &mut keys);
    collect(&after, &Path::default(), &mut keys);
    let mut keys: Vec<Path> = keys
        .iter()
        .flat_map(|path| spread(path, before.get(path), after.get(path)))
        .collect();
    keys.sort();
    keys.dedup();
    keys.iter()
        .filter_map(|path| change(path, &before, &after))
        .collect()
}

/// Lists of the same length are compared entry by entry, others as a whole.
fn spread(path: &Path, before: Option<&Node>, after: Option<&Node>) -> Vec<Path> {
    let (Some(before), Some(after)) = (before, after) else {
        return vec![path.clone()];
    };
    match (&before.value, &after.value) {
        (Value::List(a), Value::List(b)) if a.len() == b.len() && !a.is_empty() => a
            .iter()
            .zip(b)
            .enumerate()
            .flat_map(|(index, (a, b))| {
                let path = path.then(Step::Index(index));
                let mut leaves = Vec::new();
                collect(a, &path, &mut leaves);
                collect(b, &path, &mut leaves);
                leaves
            })
            .collect(),
        _ => vec![path.clone()],
    }
}

fn change(path: &Path, before: &Node, after: &Node) -> Option<Change> {
    if same(before.get(path), after.get(path)) {
        return None;
    }
    let key = path.to_string();
    Some(Change {
        impact: impact(&key),
        before: inline(before, path),
        after: inline(after, path),
        key,
    })
}

fn same(a: Option<&Node>, b: Option<&Node>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => equal(a, b),
        // A mapping that is there on one side only is told by its leaves.
        (Some(one), None) | (None, Some(one)) => {
            matches!(&one.value, Value::Map(entries) if !entries.is_empty())
        }
    }
}

fn equal(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Scalar(_, a), Value::Scalar(_, b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let find = |key: &str| b.iter().find(|entry| entry.key == key);
            a.len() == b.len()
                && a.iter()
                    .all(|x| find(&x.key).is_some_and(|y| equal(&x.value, &y.value)))
        }
        _ => false,
    }
}
