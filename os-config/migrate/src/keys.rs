//! Each key of k3OS and its home.

use super::coerce::{at_commas, entries, lines, mapping, pairs, scalar};
use super::draft::{Draft, text};
use super::environment::environment;
use super::labels::labels;
use super::unknown::{misplaced, unknown};
use super::{arguments, draft, files, install, modules, names, programs};
use os_config::tree::{Entry, Kind, Node, Value};
use std::collections::BTreeSet;

pub(super) const TOP: [&str; 7] = [
    "ssh_authorized_keys",
    "write_files",
    "hostname",
    "init_cmd",
    "boot_cmd",
    "run_cmd",
    "k3os",
];

const BELOW_K3OS: [&str; 14] = [
    "data_sources",
    "modules",
    "sysctls",
    "ntp_servers",
    "dns_nameservers",
    "wifi",
    "password",
    "server_url",
    "token",
    "labels",
    "taints",
    "k3s_args",
    "environment",
    "install",
];

/// Whether k3OS read this key at the top of a configuration.
pub(super) fn has_a_place(key: &str) -> bool {
    names::find(key, &TOP).is_some()
}

/// Whether k3OS read this key elsewhere than at the top.
pub(super) fn is_misplaced(key: &str) -> bool {
    names::find(key, &BELOW_K3OS).is_some()
}

/// Moves every key of a k3OS configuration.
pub(super) fn top(draft: &mut Draft, tree: &Node) {
    draft.own_programs = files::written_programs(tree);
    for entry in tree.entries() {
        match names::find(&entry.key, &TOP) {
            Some("hostname") => hostname(draft, &entry.value),
            Some("ssh_authorized_keys") => {
                for key in lines(&entry.value) {
                    draft.push(&["ssh_authorized_keys"], key);
                }
            }
            Some("write_files") => files::files(draft, &entry.value),
            Some("init_cmd") => commands(draft, "init_commands", entry),
            Some("boot_cmd") => commands(draft, "boot_commands", entry),
            Some("run_cmd") => commands(draft, "run_commands", entry),
            Some("k3os") => below_k3os(draft, entry),
            _ if is_misplaced(&entry.key) => misplaced(draft, entry),
            _ => unknown(draft, entry, &[], &TOP),
        }
    }
}

fn below_k3os(draft: &mut Draft, entry: &Entry) {
    for entry in mapping(draft, &entry.value, &entry.key, &[&entry.key]) {
        k3os_key(draft, entry);
    }
}

fn k3os_key(draft: &mut Draft, entry: &Entry) {
    let value = &entry.value;
    match names::find(&entry.key, &BELOW_K3OS) {
        Some("modules") => modules::modules(draft, value),
        Some("ntp_servers") => push_all(draft, &["ntp_servers"], at_commas(value)),
        Some("data_sources") => push_all(draft, &["data_sources"], at_commas(value)),
        Some("dns_nameservers") => name_servers(draft, entry),
        Some("sysctls") => put_pairs(draft, "sysctls", value),
        Some("labels") => labels(draft, value),
        Some("taints") => push_all(draft, &["taints"], at_commas(value)),
        Some("wifi") => wifi(draft, value),
        Some("password") => put_text(draft, "password", value),
        Some("server_url") => put_text(draft, "server_url", value),
        Some("token") => put_text(draft, "token", value),
        Some("k3s_args") => arguments::arguments(draft, value),
        Some("environment") => environment(draft, value),
        Some("install") => install::install(draft, &entry.value),
        _ => unknown(draft, entry, &["k3os"], &BELOW_K3OS),
    }
}

fn push_all(draft: &mut Draft, way: &[&str], nodes: Vec<Node>) {
    for node in nodes {
        draft.push(way, node);
    }
}

/// A scalar as text; anything else goes to the checks as it is.
fn put_text(draft: &mut Draft, key: &str, value: &Node) {
    match scalar(value) {
        Some("") => {}
        Some(words) => draft.put(&[key], text(value.span, words)),
        None if matches!(value.value, Value::Scalar(..)) => {}
        None => draft.put(&[key], value.clone()),
    }
}

fn put_pairs(draft: &mut Draft, key: &str, value: &Node) {
    for (name, _, value) in pairs(value) {
        draft.put(&[key, &name], value);
    }
}

fn hostname(draft: &mut Draft, value: &Node) {
    let Some(name) = scalar(value) else {
        return put_text(draft, "hostname", value);
    };
    let lower = name.to_ascii_lowercase();
    if lower != name {
        draft.changed(
            value.span,
            "hostname",
            format!("written in lower case: {lower}"),
        );
    }
    draft.put(&["hostname"], text(value.span, lower));
}

/// The time zone that a command sets by a link, when that is all it does.
fn linked_zone(line: &str) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let link = words.first().is_some_and(|first| first.ends_with("ln"));
    let target = words.last().is_some_and(|last| *last == "/etc/localtime");
    let alone = !line.contains(['&', '|', ';', '$', '`']);
    let zones = words.iter();
    let mut zones = zones.filter_map(|word| word.strip_prefix("/usr/share/zoneinfo/"));
    zones.next().filter(|_| link && target && alone)
}

fn commands(draft: &mut Draft, key: &str, entry: &Entry) {
    for command in entries(&entry.value) {
        let node = match &command.value {
            Value::Scalar(..) => match scalar(command) {
                Some(line) => text(command.span, line),
                None => continue,
            },
            _ => command.clone(),
        };
        if let Some(zone) = scalar(&node).and_then(linked_zone) {
            draft.changed(command.span, &entry.key, "`timezone` says it now");
            draft.put(&["timezone"], text(command.span, zone));
            continue;
        }
        let lacking = lacking(&node, &draft.own_programs);
        if !lacking.is_empty() {
            let programs = programs::listed(&lacking);
            let message = format!(
                "this command uses {programs}, which Holdfast does not have: look it through"
            );
            draft.changed(command.span, &entry.key, message);
        }
        draft.push(&[key], node);
    }
}

/// The programs of a command that the image lacks.
fn lacking(command: &Node, own: &BTreeSet<String>) -> Vec<String> {
    if let Some(line) = scalar(command) {
        return programs::lacking_in_script(line, own);
    }
    let words: Vec<&str> = entries(command).into_iter().filter_map(scalar).collect();
    programs::lacking_in_words(&words, own)
}

fn name_servers(draft: &mut Draft, entry: &Entry) {
    let servers = at_commas(&entry.value);
    if !servers.is_empty() {
        draft.changed(
            entry.key_span,
            "k3os.dns_nameservers",
            "k3OS used these when DHCP named none; in `network.dns` they win over DHCP",
        );
    }
    push_all(draft, &["network", "dns", "nameservers"], servers);
}

fn wifi(draft: &mut Draft, value: &Node) {
    let above = ["k3os", "wifi"];
    for network in entries(value) {
        let mut members = Vec::new();
        for entry in mapping(draft, network, "k3os.wifi", &above) {
            let value = match scalar(&entry.value) {
                Some(words) => text(entry.value.span, words),
                // What has a wrong type is found by the checks.
                None => entry.value.clone(),
            };
            match names::find(&entry.key, &["name", "passphrase"]) {
                Some(_) if matches!(value.value, Value::Scalar(Kind::Null, _)) => {}
                Some(known) => names::set(draft, &mut members, known, value, &above),
                None => unknown(draft, entry, &above, &["name", "passphrase"]),
            }
        }
        if matches!(network.value, Value::Map(_)) {
            draft.push(&["network", "wifi"], draft::map(network.span, members));
        }
    }
}
