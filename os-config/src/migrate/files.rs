//! `write_files`: most are carried over as they are, some were the only way to say what has a key here.

use super::coerce::{entries, scalar};
use super::draft::{Draft, map, text};
use super::{connman, flags, names};
use crate::check::decode;
use crate::tree::{Entry, Node, Span, Value, yaml};

const KEYS: [&str; 5] = ["encoding", "content", "owner", "path", "permissions"];

/// Moves every file of `write_files`.
pub(super) fn files(draft: &mut Draft, value: &Node) {
    for node in entries(value) {
        if matches!(node.value, Value::Map(_)) {
            file(draft, node);
        } else {
            draft.lost(
                node.span,
                "write_files",
                "a file is a mapping with `path` and `content`",
            );
        }
    }
}

fn file(draft: &mut Draft, node: &Node) {
    let mut members: Vec<(&str, Node)> = Vec::new();
    for entry in node.entries() {
        match names::find(&entry.key, &KEYS) {
            Some(key) => {
                if let Some(words) = scalar(&entry.value) {
                    members.push((key, text(entry.value.span, words)));
                }
            }
            None => draft.lost(
                entry.key_span,
                &format!("write_files.{}", entry.key),
                "no key of k3OS, which ignored it",
            ),
        }
    }
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
        && has_a_key(draft, &path, content, node.span)
    {
        return;
    }
    for (key, value) in &mut members {
        if *key == "owner" {
            owner(draft, value);
        }
    }
    remark(draft, &path, node.span);
    draft.push(&["write_files"], map(node.span, members));
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
    ];
    if let Some((_, reader)) = unread.iter().find(|(prefix, _)| path.starts_with(prefix)) {
        draft.changed(
            span,
            path,
            format!("the file is written, but Holdfast has no {reader} to read it"),
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
fn has_a_key(draft: &mut Draft, path: &str, content: &str, span: Span) -> bool {
    let manifests = path.strip_prefix("/var/lib/rancher/k3s/server/manifests/");
    if let Some(name) = manifests {
        manifest(draft, name, content, span);
        return true;
    }
    match path {
        "/etc/rancher/k3s/registries.yaml" => {
            with_tree(draft, path, content, span, registries);
            true
        }
        "/etc/rancher/k3s/config.yaml" => {
            with_tree(draft, path, content, span, flags::config_file);
            true
        }
        _ if path.starts_with("/var/lib/connman/") && path.ends_with(".config") => {
            connman::services(draft, path, content, span)
        }
        _ => false,
    }
}

fn manifest(draft: &mut Draft, name: &str, content: &str, span: Span) {
    let name = name.replace('/', "-");
    draft.changed(
        span,
        "write_files",
        format!("the manifest {name} is in `manifests` now"),
    );
    let members = vec![("name", text(span, name)), ("content", text(span, content))];
    draft.push(&["manifests"], map(span, members));
}

/// Reads a file inside the file; its lines are those of the entry.
fn with_tree(
    draft: &mut Draft,
    path: &str,
    content: &str,
    span: Span,
    work: fn(&mut Draft, &Node),
) {
    match yaml::read(content, 0) {
        Ok(Some(tree)) => {
            let tree = relocated(tree, span);
            draft.changed(span, path, "what it says is in this file's own keys now");
            work(draft, &tree);
        }
        Ok(None) => {}
        Err(_) => draft.lost(span, path, "it is not YAML"),
    }
}

fn relocated(mut node: Node, span: Span) -> Node {
    node.span = span;
    node.value = match node.value {
        Value::List(items) => Value::List(
            items
                .into_iter()
                .map(|item| relocated(item, span))
                .collect(),
        ),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|entry| Entry {
                    key_span: span,
                    value: relocated(entry.value, span),
                    key: entry.key,
                })
                .collect(),
        ),
        scalar => scalar,
    };
    node
}

fn registries(draft: &mut Draft, tree: &Node) {
    for (host, mirror) in hosts(tree, "mirrors") {
        for entry in mirror.entries() {
            if names::same(&entry.key, "endpoint") {
                for url in entries(&entry.value) {
                    draft.push(&["registries", "mirrors", &host, "endpoints"], url.clone());
                }
            } else {
                draft.lost(
                    entry.key_span,
                    &format!("registries.yaml: {}", entry.key),
                    "no equivalent in Holdfast",
                );
            }
        }
    }
    for (host, access) in hosts(tree, "configs") {
        for entry in access.entries() {
            for inner in entry.value.entries() {
                registry_access(draft, &host, &entry.key, inner);
            }
        }
    }
}

fn hosts(tree: &Node, key: &str) -> Vec<(String, Node)> {
    let found = tree
        .entry(key)
        .map(|entry| entry.value.entries())
        .unwrap_or_default();
    found
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.clone()))
        .collect()
}

fn registry_access(draft: &mut Draft, host: &str, group: &str, entry: &Entry) {
    let way = match (group, entry.key.as_str()) {
        ("auth", "username") => ["auth", "username"],
        ("auth", "password") => ["auth", "password"],
        ("auth", "auth" | "identity_token" | "identitytoken") => ["auth", "token"],
        ("tls", "insecure_skip_verify") => ["tls", "insecure_skip_verify"],
        ("tls", "ca_file" | "cert_file" | "key_file") => {
            let file = scalar(&entry.value).unwrap_or_default();
            let key = entry.key.trim_end_matches("_file");
            let message =
                format!("paste the content of {file} into registries.configs.{host}.tls.{key}");
            return draft.lost(
                entry.key_span,
                &format!("registries.yaml: {}", entry.key),
                message,
            );
        }
        _ => {
            let key = format!("registries.yaml: {group}.{}", entry.key);
            return draft.lost(entry.key_span, &key, "no equivalent in Holdfast");
        }
    };
    draft.put(
        &["registries", "configs", host, way[0], way[1]],
        entry.value.clone(),
    );
}
