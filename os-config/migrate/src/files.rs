//! `write_files`: most are carried over as they are, some were the only way to say what has a key here.

use super::coerce::{entries, kind, scalar};
use super::draft::{Draft, list, map, nest, text};
use super::{connman, flags, manifests, names, programs, reading, refused, registries, settings};
use os_config::decode;
use os_config::tree::{Kind, Node, Span, Value};
use std::collections::BTreeSet;

const KEYS: [&str; 5] = ["encoding", "content", "owner", "path", "permissions"];

/// Moves every file of `write_files`.
pub(super) fn files(draft: &mut Draft, value: &Node) {
    for node in entries(value) {
        if matches!(node.value, Value::Map(_)) {
            file(draft, node);
        } else if scalar(node).is_some() || matches!(node.value, Value::List(_)) {
            draft.lost(
                node.span,
                "write_files",
                "a file is a mapping with `path` and `content`",
                whole(node),
            );
        }
    }
}

/// The names of the programs among the files that a k3OS configuration writes.
pub(super) fn written_programs(tree: &Node) -> BTreeSet<String> {
    let files = tree
        .entries()
        .iter()
        .filter(|entry| entry.key == "write_files");
    let files = files.flat_map(|entry| entries(&entry.value));
    let paths = files.filter_map(|file| {
        let path = file.entries().iter().find(|entry| entry.key == "path")?;
        scalar(&path.value)
    });
    let name = |path: &str| {
        let (folder, name) = path.rsplit_once('/')?;
        folder.ends_with("bin").then(|| name.to_owned())
    };
    paths.filter_map(name).collect()
}

/// Names the programs that a script calls and the image lacks.
fn scripts(draft: &mut Draft, path: &str, encoding: &str, content: &str, span: Span) {
    let Ok(content) = decode(encoding, content) else {
        return;
    };
    let Ok(content) = std::str::from_utf8(content.as_slice()) else {
        return;
    };
    let lacking = programs::lacking_in_file(content, &draft.own_programs);
    if !lacking.is_empty() {
        let programs = programs::listed(&lacking);
        let message =
            format!("this script uses {programs}, which Holdfast does not have: look it through");
        draft.changed(span, path, message);
    }
}

/// The entry as it was written.
fn whole(node: &Node) -> Node {
    nest(&["write_files"], list(node.span, vec![node.clone()]))
}

fn file(draft: &mut Draft, node: &Node) {
    let Some(mut members) = members(draft, node) else {
        return;
    };
    let get = |key: &str| {
        let found = members.iter().find(|(name, _)| *name == key);
        found
            .and_then(|(_, node)| scalar(node))
            .unwrap_or_default()
            .to_owned()
    };
    let path = get("path");
    if let Ok(content) = decode(&get("encoding"), &get("content"))
        && let Ok(content) = std::str::from_utf8(content.as_slice())
        && has_a_key(draft, &path, content, node)
    {
        return;
    }
    scripts(draft, &path, &get("encoding"), &get("content"), node.span);
    for (key, value) in &mut members {
        if *key == "owner" {
            owner(draft, value);
        }
    }
    let file = map(node.span, members);
    if !image(draft, &path, &file) {
        remark(draft, &path, node.span);
    }
    draft.push(&["write_files"], file);
}

/// What the entry says by our names. With a value of the wrong type it is lost as a whole: half a file is worse.
fn members(draft: &mut Draft, node: &Node) -> Option<Vec<(&'static str, Node)>> {
    let mut members: Vec<(&str, Node)> = Vec::new();
    for entry in node.entries() {
        let Some(key) = names::find(&entry.key, &KEYS) else {
            let key = format!("write_files.{}", entry.key);
            let original = list(node.span, vec![nest(&[&entry.key], entry.value.clone())]);
            draft.lost(
                entry.key_span,
                &key,
                "no key of k3OS, which ignored it",
                nest(&["write_files"], original),
            );
            continue;
        };
        match &entry.value.value {
            Value::Scalar(Kind::Null, _) => {}
            // Empty means the default.
            Value::Scalar(_, words) if words.is_empty() && key != "content" && key != "path" => {}
            Value::Scalar(_, words) => {
                let value = text(entry.value.span, words.clone());
                names::set(draft, &mut members, key, value, &["write_files"]);
            }
            _ => {
                let wrong = kind(&entry.value);
                let message = format!("it should be a text, not {wrong}: the file is left out");
                let key = format!("write_files.{}", entry.key);
                draft.lost(entry.key_span, &key, message, whole(node));
                return None;
            }
        }
    }
    let raw = |(key, value): &(&str, Node)| *key == "content" && draft.bytes.contains(&value.span);
    if members.iter().any(raw) {
        match members.iter_mut().find(|(key, _)| *key == "encoding") {
            Some((_, encoding)) if scalar(encoding) == Some("") => {
                *encoding = text(encoding.span, "b64");
            }
            Some(_) => {}
            None => members.push(("encoding", text(node.span, "b64"))),
        }
    }
    Some(members)
}

fn owner(draft: &mut Draft, value: &mut Node) {
    let words = scalar(value).unwrap_or_default().to_owned();
    if words.split(':').any(|name| name == "rancher") {
        draft.changed(
            value.span,
            "write_files.owner",
            "there is no user `rancher`: the file belongs to root",
        );
        *value = text(value.span, "root:root");
    }
}

/// An archive of images, which k3s loaded from its folder, is named in `images`; false when it is none.
fn image(draft: &mut Draft, path: &str, file: &Node) -> bool {
    let archive = [".tar", ".tar.gz", ".tgz", ".tar.zst"]
        .iter()
        .any(|end| path.ends_with(end));
    if !archive || !path.starts_with("/var/lib/rancher/k3s/agent/images/") {
        return false;
    }
    let mut alone = Draft::new();
    alone.push(&["write_files"], file.clone());
    // A file that the checks take out must not be looked for.
    if refused::is_none(&alone) {
        draft.changed(file.span, path, "`images` names it now, and it is loaded");
        let entry = vec![("path", text(file.span, path))];
        draft.push(&["images"], map(file.span, entry));
    }
    true
}

/// Files that nothing reads here.
fn remark(draft: &mut Draft, path: &str, span: Span) {
    let unread = [
        ("/etc/init.d/", "OpenRC"),
        ("/etc/conf.d/", "OpenRC"),
        ("/etc/local.d/", "OpenRC"),
        ("/etc/connman/", "ConnMan"),
        ("/var/lib/connman/", "ConnMan"),
        ("/var/lib/rancher/", "k3s"),
        ("/etc/rancher/", "k3s"),
        ("/etc/periodic/", "cron"),
        ("/etc/crontabs/", "cron"),
        ("/var/spool/cron/", "cron"),
    ];
    let elsewhere = [
        (
            "/etc/fstab",
            "mount what it names by a command in `boot_commands`",
        ),
        (
            "/etc/network/interfaces",
            "interfaces are in `network.interfaces`",
        ),
        ("/etc/resolv.conf", "name servers are in `network.dns`"),
        ("/etc/hostname", "the name is in `hostname`"),
        ("/etc/apk/", "packages cannot be installed on a node"),
    ];
    if let Some((_, reader)) = unread.iter().find(|(prefix, _)| path.starts_with(prefix)) {
        draft.changed(
            span,
            path,
            format!("the file is written, but Holdfast has no {reader} to read it"),
        );
    } else if let Some((_, cure)) = elsewhere
        .iter()
        .find(|(prefix, _)| path.starts_with(prefix))
    {
        draft.changed(
            span,
            path,
            format!("the file is written, but nothing in Holdfast reads it: {cure}"),
        );
    } else if path.starts_with("/home/rancher/") {
        draft.changed(
            span,
            path,
            "there is no user `rancher`: root's files are below /root",
        );
    }
}

/// Turns a file into the keys it stands for; false when it is just a file.
fn has_a_key(draft: &mut Draft, path: &str, content: &str, node: &Node) -> bool {
    if let Some(name) = path.strip_prefix("/var/lib/rancher/k3s/server/manifests/") {
        manifests::manifest(draft, name, content, node.span);
        return true;
    }
    if settings::carried(draft, path, content, node.span) {
        return true;
    }
    match path {
        "/etc/rancher/k3s/registries.yaml" => {
            with_tree(draft, path, content, node, registries::registries);
            true
        }
        "/etc/rancher/k3s/config.yaml" => {
            with_tree(draft, path, content, node, flags::config_file);
            true
        }
        _ if path.starts_with("/etc/rancher/k3s/config.yaml.d/") && path.ends_with(".yaml") => {
            with_tree(draft, path, content, node, flags::config_file);
            true
        }
        _ if path.starts_with("/var/lib/connman/") && path.ends_with(".config") => {
            connman::services(draft, path, content, node.span)
        }
        _ => false,
    }
}

/// Reads a file inside the file; its lines are those of the entry.
fn with_tree(
    draft: &mut Draft,
    path: &str,
    content: &str,
    node: &Node,
    work: fn(&mut Draft, &Node),
) {
    match reading::inner(draft, content, node.span) {
        Ok(Some(tree)) if matches!(tree.value, Value::Map(_)) => {
            draft.changed(
                node.span,
                path,
                "what it says is in this file's own keys now",
            );
            work(draft, &tree);
        }
        Ok(Some(tree)) => {
            let wrong = kind(&tree);
            let message = format!("it should be a mapping (key: value), not {wrong}");
            draft.lost(node.span, path, message, whole(node));
        }
        Ok(None) => draft.changed(node.span, path, "it says nothing: left out"),
        Err(_) => draft.lost(node.span, path, "it is not YAML", whole(node)),
    }
}
