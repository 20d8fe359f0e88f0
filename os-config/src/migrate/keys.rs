//! Each key of k3OS and its home.

use super::coerce::{entries, lines, pairs, scalar, truth, words};
use super::draft::{Draft, text};
use super::{draft, files, flags, names};
use crate::tree::{Entry, Node, Value};

const TOP: [&str; 7] = [
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

/// Moves every key of a k3OS configuration.
pub(super) fn top(draft: &mut Draft, tree: &Node) {
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
            _ => unknown(draft, entry, "", &TOP),
        }
    }
}

fn below_k3os(draft: &mut Draft, entry: &Entry) {
    if !matches!(entry.value.value, Value::Map(_)) {
        if scalar(&entry.value).is_some() || matches!(entry.value.value, Value::List(_)) {
            draft.lost(
                entry.key_span,
                &entry.key,
                "it should be a mapping (key: value)",
            );
        }
        return;
    }
    for entry in entry.value.entries() {
        k3os_key(draft, entry);
    }
}

fn k3os_key(draft: &mut Draft, entry: &Entry) {
    let value = &entry.value;
    match names::find(&entry.key, &BELOW_K3OS) {
        Some("modules") => push_all(draft, &["modules"], words(value)),
        Some("ntp_servers") => push_all(draft, &["ntp_servers"], words(value)),
        Some("data_sources") => push_all(draft, &["data_sources"], words(value)),
        Some("dns_nameservers") => name_servers(draft, entry),
        Some("sysctls") => put_pairs(draft, "sysctls", value),
        Some("labels") => labels(draft, value),
        Some("taints") => push_all(draft, &["taints"], words(value)),
        Some("wifi") => wifi(draft, value),
        Some("password") => put_text(draft, "password", value),
        Some("server_url") => put_text(draft, "server_url", value),
        Some("token") => put_text(draft, "token", value),
        Some("k3s_args") => flags::arguments(draft, value),
        Some("environment") => environment(draft, value),
        Some("install") => install(draft, entry),
        _ => unknown(draft, entry, "k3os.", &BELOW_K3OS),
    }
}

fn unknown(draft: &mut Draft, entry: &Entry, above: &str, known: &[&str]) {
    let key = format!("{above}{}", entry.key);
    let misplaced = above.is_empty() && names::find(&entry.key, &BELOW_K3OS).is_some();
    let message = if misplaced {
        "k3OS ignored this: it belonged below `k3os:`; write it by hand if it is wanted".to_owned()
    } else if let Some(near) = crate::check::nearest(&entry.key, known) {
        format!("no key of k3OS, which ignored it; was `{above}{near}` meant?")
    } else {
        "no key of k3OS, which ignored it".to_owned()
    };
    draft.lost(entry.key_span, &key, message);
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

/// Programs that commands written for k3OS use and Holdfast does not have.
const GONE: [&str; 8] = [
    "k3s",
    "k3os",
    "rc-service",
    "rc-update",
    "connmanctl",
    "apk",
    "ros",
    "sudo",
];

fn commands(draft: &mut Draft, key: &str, entry: &Entry) {
    for command in entries(&entry.value) {
        let node = match &command.value {
            Value::Scalar(..) => match scalar(command) {
                Some(line) => text(command.span, line),
                None => continue,
            },
            _ => command.clone(),
        };
        let all = crate::show::json(&node, &crate::tree::Path::default());
        let uses = |program: &&str| {
            all.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
                .any(|word| word == *program)
        };
        if let Some(program) = GONE.iter().find(|program| uses(program)) {
            draft.changed(
                command.span,
                &entry.key,
                format!(
                    "this command uses `{program}`, which Holdfast does not have: look it through"
                ),
            );
        }
        draft.push(&[key], node);
    }
}

fn name_servers(draft: &mut Draft, entry: &Entry) {
    let servers = words(&entry.value);
    if !servers.is_empty() {
        draft.changed(
            entry.key_span,
            "k3os.dns_nameservers",
            "k3OS used these when DHCP named none; in `network.dns` they win over DHCP",
        );
    }
    push_all(draft, &["network", "dns", "nameservers"], servers);
}

pub(super) fn labels(draft: &mut Draft, value: &Node) {
    for (name, span, value) in pairs(value) {
        if name.starts_with("k3os.io/") || name.starts_with("plan.upgrade.cattle.io/") {
            draft.lost(
                span,
                &name,
                "a label of k3OS itself; Holdfast's upgrades have their own",
            );
        } else {
            draft.put(&["labels", &name], value);
        }
    }
}

fn wifi(draft: &mut Draft, value: &Node) {
    for network in entries(value) {
        let mut members = Vec::new();
        for entry in network.entries() {
            match names::find(&entry.key, &["name", "passphrase"]) {
                Some(known) => {
                    let words = scalar(&entry.value).unwrap_or_default();
                    members.push((known, text(entry.value.span, words)));
                }
                None => unknown(draft, entry, "k3os.wifi.", &["name", "passphrase"]),
            }
        }
        draft.push(&["network", "wifi"], draft::map(network.span, members));
    }
}

/// Variables that tell programs about a proxy; they have a key of their own.
fn proxy_key(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "http_proxy" => Some("http"),
        "https_proxy" => Some("https"),
        "no_proxy" => Some("no_proxy"),
        _ => None,
    }
}

fn environment(draft: &mut Draft, value: &Node) {
    for (name, _, value) in pairs(value) {
        match proxy_key(&name) {
            Some("no_proxy") => {
                let direct = draft::list(value.span, words(&value));
                draft.put(&["network", "proxy", "no_proxy"], direct);
            }
            Some(key) => proxy(draft, key, &value),
            None => draft.put(&["environment", &name], value),
        }
    }
}

fn proxy(draft: &mut Draft, key: &str, value: &Node) {
    match scalar(value) {
        Some("") => {}
        Some(address) if !address.contains("://") => {
            let full = format!("http://{address}");
            draft.changed(
                value.span,
                &format!("network.proxy.{key}"),
                format!("written as {}", crate::secrets::blot_text(&full)),
            );
            draft.put(&["network", "proxy", key], text(value.span, full));
        }
        _ => draft.put(&["network", "proxy", key], value.clone()),
    }
}

fn install(draft: &mut Draft, entry: &Entry) {
    const KEYS: [&str; 9] = [
        "force_efi",
        "device",
        "config_url",
        "silent",
        "iso_url",
        "power_off",
        "no_format",
        "debug",
        "tty",
    ];
    for entry in entry.value.entries() {
        let Some(key) = names::find(&entry.key, &KEYS) else {
            unknown(draft, entry, "k3os.install.", &KEYS);
            continue;
        };
        let value = match key {
            "device" | "config_url" | "iso_url" | "tty" => entry.value.clone(),
            _ => match truth(&entry.value) {
                Some(value) => draft::truth(entry.value.span, value),
                None => entry.value.clone(),
            },
        };
        draft.put(&["install", key], value);
    }
}
