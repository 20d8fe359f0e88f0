//! The objects of a file, one by one.

use super::told::Told;
use crate::coerce::scalar;
use crate::refusal::refusal;
use os_config::tree::{Node, Value, lenient};
use os_config::{Report, Source};

/// The group of Plans.
const GROUP: &str = "upgrade.cattle.io";

/// The objects of a file.
pub(super) struct Objects {
    pub(super) plans: Vec<Node>,
    /// Of the file, not of one Plan.
    pub(super) told: Told,
}

/// The Plans in the file, and what is said of the other objects in it; `None` when there is no Plan.
///
/// # Errors
/// A [`Report`] when there is a Plan and the file is no YAML, or holds something that is no Kubernetes object.
pub(super) fn read(source: &Source, text: &str) -> Result<Option<Objects>, Report> {
    if !text.contains(GROUP) {
        return Ok(None);
    }
    let (documents, oddities) = match lenient::read_documents(text, 0) {
        Ok(read) => read,
        // A k3OS configuration ends where a second document begins: what follows need not even be YAML.
        Err(findings) if begins_with_an_object(text) => {
            return Err(Report::of(source, findings));
        }
        Err(_) => return Ok(None),
    };
    let objects: Vec<Node> = documents.into_iter().flat_map(items).collect();
    if !objects.iter().any(is_plan) {
        return Ok(None);
    }
    let mut told = Told::default();
    for oddity in oddities.met {
        let way = [oddity.key.as_str()];
        match &oddity.lost {
            Some(lost) => told.lost(oddity.span, &way, lost, oddity.message),
            None => told.changed(oddity.span, &way, oddity.message),
        }
    }
    let mut plans = Vec::new();
    for object in objects {
        if is_plan(&object) {
            plans.push(object);
        } else if let Some(name) = of_an_object(&object) {
            let message = "not a Plan: if anything else needs it, apply it by itself; the system-upgrade-controller and what was made for it have no part in Holdfast's upgrades";
            told.dropped(object.span, &name, message);
        } else {
            return Err(refusal(
                source,
                object.span,
                "here is something that is no Kubernetes object, in a file with Plans",
                "put the Plans into a file of their own, and migrate each file by itself: a config.yaml and what is applied to a cluster are not one file",
            ));
        }
    }
    Ok(Some(Objects { plans, told }))
}

fn begins_with_an_object(text: &str) -> bool {
    let first = lenient::read(text, 0).ok().and_then(|(first, _)| first);
    first.is_some_and(|first| first.entry("apiVersion").is_some())
}

/// The objects of a list, as `kubectl get -o yaml` writes them; of anything else, itself.
fn items(object: Node) -> Vec<Node> {
    let a_list = member(&object, "kind").is_some_and(|kind| kind.ends_with("List"));
    match object.entry("items").map(|items| &items.value.value) {
        Some(Value::List(inner)) if a_list => inner.iter().cloned().flat_map(items).collect(),
        _ => vec![object],
    }
}

fn is_plan(object: &Node) -> bool {
    let group = member(object, "apiVersion").and_then(|version| version.split('/').next());
    group == Some(GROUP) && member(object, "kind") == Some("Plan")
}

/// Kind and name of an object.
fn of_an_object(object: &Node) -> Option<String> {
    member(object, "apiVersion")?;
    let kind = member(object, "kind")?;
    let metadata = object.entry("metadata").map(|entry| &entry.value);
    let name = metadata.and_then(|metadata| member(metadata, "name"));
    Some(match name {
        Some(name) => format!("{kind} {name}"),
        None => kind.to_owned(),
    })
}

fn member<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    scalar(&node.entry(key)?.value)
}
