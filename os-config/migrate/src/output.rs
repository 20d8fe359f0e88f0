//! The migrated configuration as text.

use std::fmt::Write as _;

use super::draft::{Draft, Remark};
use super::note::{Made, Migration, Note};
use super::refused::LeftOut;
use os_config::LARGEST_TEXT;
use os_config::tree::{Entry, Node, Path, Step, Value, to_yaml};

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
    left_out.sort_by_key(|part| part.line);
    let mut remarks = draft.remarks;
    remarks.sort_by_key(|remark| remark.note.line);
    let (carried, lost): (Vec<Remark>, Vec<Remark>) =
        remarks.into_iter().partition(|remark| remark.note.carried);
    let refused: Vec<Remark> = left_out.into_iter().map(remark).collect();
    for (title, remarks) in [
        ("Changed on the way:", &carried),
        ("Not carried over:", &lost),
        (
            "Not accepted by this version, or wrong already in the k3OS file:",
            &refused,
        ),
    ] {
        comment(&mut text, title, remarks);
    }
    let all = [carried, lost, refused].into_iter().flatten();
    let mut notes: Vec<Note> = all.map(|remark| remark.note).collect();
    notes.sort_by_key(|note| note.line);
    let yaml = format!("{}\n", text.trim_end());
    Migration {
        made: Made::Configuration,
        yaml,
        notes,
        remarks: Vec::new(),
    }
}

/// What the checks took out.
fn remark(part: LeftOut) -> Remark {
    let note = Note {
        line: part.line,
        column: None,
        key: part.path.to_string(),
        message: part.message,
        carried: false,
    };
    Remark {
        note,
        original: Some(whole(&part.path, part.node)),
    }
}

/// Writes remarks as comments, each with what was left out. Comments count for the size limit too; what does not fit is
/// in the notes still.
pub(super) fn comment(text: &mut String, title: &str, remarks: &[Remark]) {
    if remarks.is_empty() {
        return;
    }
    let mut lines = format!("# {title}\n#\n");
    for remark in remarks {
        let mut part = format!("# {}\n", one_line(&remark.note.to_string()));
        if let Some(original) = &remark.original {
            for line in to_yaml(original).lines() {
                let _ = writeln!(part, "#{}", one_line(line));
            }
        }
        if text.len() + lines.len() + part.len() < LARGEST_TEXT {
            lines.push_str(&part);
        }
    }
    text.push_str(&lines);
    text.push('\n');
}

/// A comment must stay one: what was in the k3OS file may hold line breaks.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\t' { ' ' } else { c })
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
    to_yaml(&Node {
        span: value.span,
        value: Value::Map(vec![entry]),
    })
}

/// Without the empty lists and mappings that stay when what was in them is left out.
fn pruned(mut node: Node) -> Node {
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|entry| !is_empty(&entry.value));
        for entry in entries {
            entry.value = pruned(entry.value.clone());
        }
    }
    node
}

/// A value from the top, as it would stand in a configuration.
fn whole(path: &Path, node: Node) -> Node {
    let span = node.span;
    path.0.iter().rev().fold(node, |inner, step| {
        let value = match step {
            Step::Index(_) => Value::List(vec![inner]),
            Step::Key(key) => Value::Map(vec![Entry {
                key: key.clone(),
                key_span: span,
                value: inner,
            }]),
        };
        Node { span, value }
    })
}
