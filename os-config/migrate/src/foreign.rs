//! Files of other systems, of which nothing would be carried over: refused, and called what they are.

use super::coerce::scalar;
use super::keys::{has_a_place, is_misplaced};
use super::names;
use super::refusal::refusal;
use os_config::tree::{Entry, Kind, Node, Span, Value};
use os_config::{Report, Source, nearest};

/// What cloud-init and its heirs call their files in the first line.
const CLOUD_CONFIG: &str = "#cloud-config";
const BY_HAND: &str =
    "write a config.yaml by hand: `holdfast config sample` prints one to begin with";

/// Another system, the top-level keys of its files, and what to do with one.
struct Other {
    what: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
}

/// Those that are known by any one of their keys. The first that fits counts.
const OTHERS: [Other; 7] = [
    Other {
        what: "an Ignition configuration",
        keys: &["ignition"],
        help: BY_HAND,
    },
    Other {
        what: "a Butane configuration",
        keys: &["variant"],
        help: BY_HAND,
    },
    Other {
        what: "a machine configuration of Talos",
        keys: &["machine", "cluster"],
        help: BY_HAND,
    },
    Other {
        what: "a configuration of Kairos",
        keys: &[
            "stages",
            "kairos",
            "p2p",
            "k3s",
            "k3s-agent",
            "k0s",
            "k0s-worker",
        ],
        help: BY_HAND,
    },
    Other {
        what: "k3s's own config.yaml",
        keys: &[
            "write-kubeconfig-mode",
            "tls-san",
            "cluster-init",
            "node-label",
            "node-taint",
            "node-name",
            "disable",
            "server",
            "kubelet-arg",
            "kube-apiserver-arg",
            "flannel-backend",
            "cluster-cidr",
            "service-cidr",
        ],
        help: "a k3OS configuration that writes it is migrated with it: `write_files` with the path /etc/rancher/k3s/config.yaml",
    },
    Other {
        what: "a network configuration of netplan or cloud-init",
        keys: &["network", "ethernets"],
        help: "the network is in `network` here: `holdfast config explain network` tells of it",
    },
    Other {
        what: "a configuration of cloud-init",
        keys: &[
            "users",
            "packages",
            "package_update",
            "package_upgrade",
            "chpasswd",
            "ssh_pwauth",
            "timezone",
            "locale",
            "disk_setup",
            "fs_setup",
            "mounts",
            "growpart",
            "Content-Type",
        ],
        help: BY_HAND,
    },
];

/// Refuses a file that is not for k3OS.
///
/// # Errors
/// It has no key that k3OS had where k3OS read it, or is an object of Kubernetes or a configuration for Holdfast.
pub(super) fn refuse(source: &Source, text: &str, tree: &Node) -> Result<(), Report> {
    let entries = tree.entries();
    let said = if is_object(tree) {
        Some(object(tree))
    } else if is_ours(tree) {
        Some((
            "this is a configuration for Holdfast already".to_owned(),
            "use it as it is; `holdfast config check` says whether it is right".to_owned(),
        ))
    } else if entries.iter().any(|entry| has_a_place(&entry.key)) {
        None
    } else {
        Some(without_a_key(text, entries))
    };
    match said {
        None => Ok(()),
        Some((message, help)) => {
            let start = entries
                .first()
                .map_or(Span::start(0), |entry| entry.key_span);
            Err(refusal(source, start, message, &help))
        }
    }
}

fn is_object(tree: &Node) -> bool {
    ["apiVersion", "kind"]
        .iter()
        .all(|key| said(tree, key).is_some())
}

fn object(tree: &Node) -> (String, String) {
    let (version, kind) = (said(tree, "apiVersion"), said(tree, "kind"));
    let kind: String = kind.unwrap_or_default().chars().take(64).collect();
    if version == Some("v1alpha1") {
        return (looks_like("a document of Talos"), BY_HAND.to_owned());
    }
    (
        looks_like(&format!("an object of Kubernetes ({kind})")),
        "apply it with kubectl, or put it below `manifests` of a config.yaml; of Kubernetes objects only a Plan of upgrade.cattle.io is migrated".to_owned(),
    )
}

/// A file with our version, and no key that only k3OS had.
fn is_ours(tree: &Node) -> bool {
    let version = tree.entry("version").map(|entry| &entry.value.value);
    let of_k3os = |entry: &Entry| {
        names::find(&entry.key, &["k3os", "init_cmd", "boot_cmd", "run_cmd"]).is_some()
    };
    matches!(version, Some(Value::Scalar(Kind::Integer, _))) && !tree.entries().iter().any(of_k3os)
}

/// Why a file with no key of k3OS is refused.
fn without_a_key(text: &str, entries: &[Entry]) -> (String, String) {
    let has = |keys: &[&str]| {
        entries
            .iter()
            .any(|entry| keys.contains(&entry.key.as_str()))
    };
    if let Some(other) = OTHERS.iter().find(|other| has(other.keys)) {
        return (looks_like(other.what), other.help.to_owned());
    }
    if text.lines().any(|line| line.trim_end() == CLOUD_CONFIG) {
        return (
            looks_like("a configuration of cloud-init"),
            BY_HAND.to_owned(),
        );
    }
    if let Some(entry) = entries.iter().find(|entry| is_misplaced(&entry.key)) {
        return (
            format!(
                "k3OS read `{}` only below `k3os:`, and there is no other key of it here",
                entry.key
            ),
            "indent what belongs there, below a line `k3os:`".to_owned(),
        );
    }
    let meant = entries.iter().find_map(|entry| {
        let near = nearest(&entry.key, &super::keys::TOP)?;
        Some(format!("was `{near}` meant by `{}`? Else ", entry.key))
    });
    (
        "none of its keys is one of k3OS, so nothing would be carried over".to_owned(),
        format!(
            "{}name the k3OS configuration to migrate, or {BY_HAND}",
            meant.unwrap_or_default()
        ),
    )
}

fn looks_like(what: &str) -> String {
    format!("this looks like {what}, not like a k3OS configuration: nothing would be carried over")
}

fn said<'a>(tree: &'a Node, key: &str) -> Option<&'a str> {
    scalar(&tree.entry(key)?.value)
}
