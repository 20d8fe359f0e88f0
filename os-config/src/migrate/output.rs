//! The migrated configuration as text.

use std::fmt::Write as _;

use super::draft::Draft;
use super::sieve::LeftOut;
use super::{Migration, Note};
use crate::show::yaml;
use crate::tree::{Entry, Node, Path, Step, Value};

/// The order of the keys in the output; what is not named comes after.
const ORDER: [&str; 12] = [
    "version",
    "hostname",
    "timezone",
    "ssh_authorized_keys",
    "password",
    "network",
    "ntp_servers",
    "token",
    "labels",
    "taints",
    "kubernetes",
    "registries",
];

/// Writes what is left of the draft, and what was left out as comments.
pub(super) fn write(mut draft: Draft, mut left_out: Vec<LeftOut>) -> Migration {
    let mut text = String::from("# Made from a k3OS configuration.\n");
    let Value::Map(entries) = &mut draft.tree.value else {
        unreachable!("a draft is a mapping from its beginning");
    };
    entries.retain(|entry| !is_empty(&entry.value));
    entries.sort_by_key(|entry| {
        ORDER
            .iter()
            .position(|key| *key == entry.key)
            .unwrap_or(ORDER.len())
    });
    for entry in entries.iter() {
        text.push_str(&section(&entry.key, &entry.value));
        text.push('\n');
    }
    let mut notes = draft.notes;
    left_out.sort_by_key(|part| part.line);
    let mut lost = String::new();
    for part in &left_out {
        let note = Note {
            line: part.line,
            key: part.path.to_string(),
            message: part.message.clone(),
            carried: false,
        };
        let _ = writeln!(lost, "# {}", one_line(&note.to_string()));
        for line in fragment(&part.path, part.node.clone()).lines() {
            let _ = writeln!(lost, "#{line}");
        }
        notes.push(note);
    }
    notes.sort_by_key(|note| note.line);
    remarks(
        &mut text,
        "Changed on the way:",
        notes.iter().filter(|note| note.carried),
    );
    let only_notes = |note: &&Note| {
        !note.carried
            && !left_out
                .iter()
                .any(|part| part.path.to_string() == note.key)
    };
    remarks(
        &mut text,
        "Not carried over:",
        notes.iter().filter(only_notes),
    );
    // Comments count for the size limit too; what they say is in the notes as well.
    if !lost.is_empty() && text.len() + lost.len() < crate::LARGEST_TEXT {
        let _ = writeln!(
            text,
            "# Not accepted by this version, or wrong already in the k3OS file:\n#\n{lost}"
        );
    }
    let yaml = format!("{}\n", text.trim_end());
    Migration { yaml, notes }
}

fn remarks<'a>(text: &mut String, title: &str, notes: impl Iterator<Item = &'a Note>) {
    let lines: Vec<String> = notes
        .map(|note| format!("# {}\n", one_line(&note.to_string())))
        .collect();
    if !lines.is_empty() {
        let _ = writeln!(text, "# {title}\n#\n{}", lines.concat());
    }
}

/// A comment must stay one: what was in the k3OS file may hold line breaks.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Map(entries) => entries.iter().all(|entry| is_empty(&entry.value)),
        Value::List(items) => items.is_empty(),
        Value::Scalar(..) => false,
    }
}

fn section(key: &str, value: &Node) -> String {
    let entry = Entry {
        key: key.to_owned(),
        key_span: value.span,
        value: pruned(value.clone()),
    };
    yaml(
        &Node {
            span: value.span,
            value: Value::Map(vec![entry]),
        },
        false,
    )
}

/// Without the empty lists and mappings that the sieve leaves.
fn pruned(mut node: Node) -> Node {
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|entry| !is_empty(&entry.value));
        for entry in entries {
            entry.value = pruned(entry.value.clone());
        }
    }
    node
}

/// What was left out, spelled as it would stand in a configuration.
fn fragment(path: &Path, node: Node) -> String {
    let span = node.span;
    let whole = path.0.iter().rev().fold(node, |inner, step| {
        let value = match step {
            Step::Index(_) => Value::List(vec![inner]),
            Step::Key(key) => Value::Map(vec![Entry {
                key: key.clone(),
                key_span: span,
                value: inner,
            }]),
        };
        Node { span, value }
    });
    yaml(&whole, false)
}
