//! Plans of Rancher's system-upgrade-controller, by which k3OS was upgraded, turned into Upgrades.
//!
//! A Plan names a container that does something to a node, and the version in its image; an Upgrade names a signed release. So what
//! is carried over is which nodes, how many at a time, when, and what happens to their pods. Where releases come from only a person
//! can say: that has a placeholder which the API server refuses.
//!
//! A file with a Plan in it holds Kubernetes objects alone. Those that are no Plans are named and left out; a k3OS configuration
//! among them is refused, since what is made of both cannot be one file.

mod documents;
mod drain;
mod field;
mod metadata;
mod selector;
mod span;
mod spec;
mod told;
mod window;

use std::collections::BTreeSet;

use crate::draft::{Remark, map, text};
use crate::note::{Made, Migration, Note};
use crate::output::comment;
use crate::refusal::refuse_large;
use os_config::tree::{Node, to_yaml};
use os_config::{Report, Source};
use told::Told;

/// Stands above the lines that a person has to fill in.
const FILL_IN: [&str; 2] = [
    "  # Fill in these two: the API server refuses them as they are. `folder` in place of `url` names a folder on each node,",
    "  # `version: 0.2.0` in place of `channel` one release.",
];

/// Makes an Upgrade of each Plan in the file; `None` when there is none.
///
/// # Errors
/// A [`Report`] when the file holds Plans and cannot be read, or more than Kubernetes objects.
pub(super) fn upgrades(source: &Source, text: &str) -> Result<Option<Migration>, Report> {
    let Some(objects) = documents::read(source, text)? else {
        return Ok(None);
    };
    let mut yaml = String::new();
    let mut notes: Vec<Note> = Vec::new();
    let mut names = BTreeSet::new();
    for plan in &objects.plans {
        let mut told = Told::default();
        let upgrade = upgrade(&mut told, plan, &mut names);
        if !yaml.is_empty() {
            yaml.push_str("---\n");
        }
        let line = plan.span.line;
        let head = format!("# Made from the Plan on line {line}.\n");
        let spec = format!("\nspec:\n{}\n", FILL_IN.join("\n"));
        yaml.push_str(&head);
        yaml.push_str(&to_yaml(&upgrade).replacen("\nspec:\n", &spec, 1));
        yaml.push('\n');
        say(&mut yaml, told, &mut notes);
    }
    say(&mut yaml, objects.told, &mut notes);
    let yaml = format!("{}\n", yaml.trim_end());
    refuse_large(source, &yaml)?;
    notes.sort_by_key(|note| (note.line, note.column));
    Ok(Some(Migration {
        made: Made::Upgrades(objects.plans.len()),
        yaml,
        notes,
        remarks: Vec::new(),
    }))
}

/// Writes what is told as comments, and collects it.
fn say(yaml: &mut String, told: Told, notes: &mut Vec<Note>) {
    let mut remarks = told.remarks;
    remarks.sort_by_key(|remark| (remark.note.line, remark.note.column));
    let (carried, lost): (Vec<Remark>, Vec<Remark>) =
        remarks.into_iter().partition(|remark| remark.note.carried);
    comment(yaml, "Changed on the way:", &carried);
    comment(yaml, "Not carried over:", &lost);
    notes.extend(carried.into_iter().chain(lost).map(|remark| remark.note));
}

fn upgrade(told: &mut Told, plan: &Node, names: &mut BTreeSet<String>) -> Node {
    const KEYS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];
    for field in plan.entries() {
        if field.key == "status" {
            let message = "what the controller wrote; an Upgrade has a status of its own";
            told.dropped(field.key_span, "status", message);
        } else if !KEYS.contains(&field.key.as_str()) {
            told.unknown(field, &[], &KEYS);
        }
    }
    let mut metadata = metadata::metadata(told, plan);
    if let Some(name) = metadata::name(&metadata) {
        own_name(told, &mut metadata, name, names);
    }
    let spec = spec::spec(told, plan);
    let at = plan.span;
    let members = vec![
        ("apiVersion", text(at, "upgrade.holdfast.dev/v1alpha1")),
        ("kind", text(at, "Upgrade")),
        ("metadata", metadata),
        ("spec", spec),
    ];
    map(at, members)
}

/// Plans of two namespaces may have one name, Upgrades may not: the second would silently take the place of the first.
fn own_name(told: &mut Told, metadata: &mut Node, name: String, names: &mut BTreeSet<String>) {
    let mut own = name.clone();
    let mut count = 2;
    while !names.insert(own.clone()) {
        own = format!("{name}-{count}");
        count += 1;
    }
    if own != name {
        let span = metadata.span;
        metadata::rename(metadata, span, &own);
        let message = format!("another Plan in the file has this name, so the Upgrade is `{own}`");
        told.changed(span, &["metadata", "name"], message);
    }
}
