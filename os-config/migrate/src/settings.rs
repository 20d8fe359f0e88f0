//! Files that k3OS's own services read as they started, and that have a key here: kernel settings, modules, ssh keys.

use super::draft::{Draft, text};
use super::modules;
use os_config::tree::Span;

/// Whose keys open the node: root has them all here.
const AUTHORIZED_KEYS: [&str; 2] = [
    "/home/rancher/.ssh/authorized_keys",
    "/root/.ssh/authorized_keys",
];

/// Moves what such a file says to its key; false when it is another file.
pub(super) fn carried(draft: &mut Draft, path: &str, content: &str, span: Span) -> bool {
    let below = |folder: &str| path.starts_with(folder) && path.ends_with(".conf");
    let key = if path == "/etc/sysctl.conf" || below("/etc/sysctl.d/") {
        sysctls(draft, path, content, span);
        "sysctls"
    } else if path == "/etc/modules" || below("/etc/modules-load.d/") {
        for line in lines(content) {
            modules::module(draft, line, span);
        }
        "modules"
    } else if AUTHORIZED_KEYS.contains(&path) {
        each(draft, "ssh_authorized_keys", content, span);
        "ssh_authorized_keys"
    } else {
        return false;
    };
    draft.changed(span, path, format!("what it says is in `{key}` now"));
    true
}

fn lines(content: &str) -> impl Iterator<Item = &str> {
    let lines = content.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
}

fn each(draft: &mut Draft, key: &str, content: &str, span: Span) {
    for line in lines(content) {
        draft.push(&[key], text(span, line));
    }
}

/// `name = value`; with a dash in front, one that may fail.
fn sysctls(draft: &mut Draft, path: &str, content: &str, span: Span) {
    for line in lines(content) {
        match line.trim_start_matches('-').split_once('=') {
            Some((name, value)) => {
                draft.put(&["sysctls", name.trim()], text(span, value.trim()));
            }
            None => draft.lost(span, path, "a line is not understood", text(span, line)),
        }
    }
}
