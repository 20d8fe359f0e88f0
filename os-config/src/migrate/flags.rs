//! k3s's command line flags and their homes.

use super::coerce::entries;
use super::draft::{Draft, list, text, truth};
use super::{coerce, keys};
use crate::tree::{Node, Span, Value};

/// Flags that take no value.
const SWITCHES: [&str; 22] = [
    "cluster-init",
    "cluster-reset",
    "debug",
    "disable-agent",
    "disable-apiserver",
    "disable-cloud-controller",
    "disable-controller-manager",
    "disable-etcd",
    "disable-helm-controller",
    "disable-kube-proxy",
    "disable-network-policy",
    "disable-scheduler",
    "docker",
    "egress-selector-mode",
    "etcd-disable-snapshots",
    "no-flannel",
    "prefer-bundled-bin",
    "protect-kernel-defaults",
    "rootless",
    "secrets-encryption",
    "selinux",
    "with-node-id",
];

/// `k3os.k3s_args`: an argument vector, its first word maybe `server` or `agent`.
pub(super) fn arguments(draft: &mut Draft, value: &Node) {
    let mut words = argv(value).into_iter().peekable();
    if let Some((word, span)) = words.peek().cloned()
        && !word.starts_with('-')
    {
        words.next();
        match word.as_str() {
            "server" => {}
            "agent" => draft.lost(
                span,
                "agent",
                "this version makes every node a cluster of its own; joining comes later",
            ),
            other => draft.lost(span, other, "neither `server` nor `agent`"),
        }
    }
    while let Some((word, span)) = words.next() {
        let Some(flag) = word.strip_prefix('-') else {
            draft.lost(span, &word, "it belongs to no flag");
            continue;
        };
        let flag = flag.trim_start_matches('-');
        match flag.split_once('=') {
            Some((name, value)) => one(draft, name, Some(value), span),
            None if SWITCHES.contains(&flag) => one(draft, flag, None, span),
            None => match words.next_if(|(next, _)| !next.starts_with('-')) {
                Some((value, _)) => one(draft, flag, Some(&value), span),
                None => one(draft, flag, None, span),
            },
        }
    }
}

/// The words of the vector. People also write `--flag value` into one of them, or all into one text.
fn argv(value: &Node) -> Vec<(String, Span)> {
    let one_text = matches!(value.value, Value::Scalar(..));
    let split = |node: &Node| -> Vec<(String, Span)> {
        let Some(word) = coerce::scalar(node) else {
            return Vec::new();
        };
        let several = one_text
            || (word.starts_with('-') && !word.split(' ').next().unwrap_or("").contains('='));
        if several {
            word.split_whitespace()
                .map(|word| (word.to_owned(), node.span))
                .collect()
        } else {
            vec![(word.to_owned(), node.span)]
        }
    };
    entries(value).into_iter().flat_map(split).collect()
}

/// `/etc/rancher/k3s/config.yaml`: the same flags as YAML keys.
pub(super) fn config_file(draft: &mut Draft, tree: &Node) {
    for entry in tree.entries() {
        let name = entry.key.trim_end_matches('+');
        for value in entries(&entry.value) {
            let Some(word) = coerce::scalar(value) else {
                draft.lost(value.span, name, "its value is not understood");
                continue;
            };
            one(draft, name, Some(word), entry.key_span);
        }
    }
}

/// One flag with its value.
fn one(draft: &mut Draft, name: &str, value: Option<&str>, span: Span) {
    let value_or_true = value.unwrap_or("true");
    let value = text(span, value_or_true);
    match name {
        "node-label" => keys::labels(draft, &value),
        "node-taint" => draft.push(&["taints"], value),
        "tls-san" => each(draft, &["kubernetes", "tls_sans"], &value),
        "cluster-cidr" => draft.put(&["kubernetes", "pod_cidr"], value),
        "service-cidr" => draft.put(&["kubernetes", "service_cidr"], value),
        "cluster-domain" => draft.put(&["kubernetes", "cluster_domain"], value),
        "node-name" => draft.put(&["kubernetes", "node_name"], value),
        "node-ip" | "advertise-address" => draft.put(&["kubernetes", "node_address"], value),
        "kubelet-arg" => component(draft, "kubelet_args", &value),
        "kube-apiserver-arg" => component(draft, "api_server_args", &value),
        "kube-controller-arg" | "kube-controller-manager-arg" => {
            component(draft, "controller_manager_args", &value);
        }
        "kube-scheduler-arg" => component(draft, "scheduler_args", &value),
        "kube-proxy-arg" => component(draft, "kube_proxy_args", &value),
        "disable" | "no-deploy" => {
            for part in value_or_true.split(',') {
                disable(draft, part.trim(), span);
            }
        }
        "token" | "t" | "cluster-secret" => draft.put(&["token"], value),
        "server" | "s" => draft.put(&["server_url"], value),
        "cluster-init" if value_or_true == "true" => {
            draft.put(&["cluster", "init"], truth(span, true))
        }
        _ => without_equal(draft, name, value_or_true, span),
    }
}

fn each(draft: &mut Draft, way: &[&str], value: &Node) {
    for word in coerce::words(value) {
        draft.push(way, word);
    }
}

/// `--kubelet-arg=max-pods=60`: a flag of a component; one that comes twice is repeated.
fn component(draft: &mut Draft, key: &str, value: &Node) {
    let words = coerce::scalar(value).unwrap_or_default();
    let (flag, setting) = words.split_once('=').unwrap_or((words, "true"));
    let flag = flag.trim_start_matches('-');
    let setting = text(value.span, setting);
    let way = ["kubernetes", key, flag];
    let path = crate::tree::Path::default()
        .then("kubernetes")
        .then(key)
        .then(flag);
    match draft.tree.get(&path).cloned() {
        None => draft.put(&way, setting),
        Some(first) if matches!(first.value, Value::Scalar(..)) => {
            draft.put(&way, list(value.span, vec![first, setting]));
        }
        Some(_) => draft.push(&way, setting),
    }
}

fn disable(draft: &mut Draft, what: &str, span: Span) {
    let component = match what {
        "coredns" => "coredns",
        "metrics-server" => "metrics_server",
        "local-storage" => "local_path_provisioner",
        "traefik" | "servicelb" => {
            draft.changed(
                span,
                &format!("disable {what}"),
                "Holdfast does not have it, so there is nothing to switch off",
            );
            return;
        }
        _ => {
            draft.lost(
                span,
                &format!("disable {what}"),
                "no packaged workload of this name",
            );
            return;
        }
    };
    draft.put(&["components", component], truth(span, false));
}

/// Flags without a home, and why.
fn without_equal(draft: &mut Draft, name: &str, value: &str, span: Span) {
    let flag = format!("--{name}");
    let done = match name {
        "secrets-encryption" => Some("Secrets are always encrypted"),
        "protect-kernel-defaults" => Some("it is always on"),
        "write-kubeconfig" | "write-kubeconfig-mode" | "o" | "output" => {
            Some("`holdfast kubeconfig` prints the kubeconfig")
        }
        "flannel-backend" if value == "vxlan" => Some("it is what Holdfast uses"),
        "kube-proxy-replacement" => None,
        "debug" | "v" | "log" | "alsologtostderr" => Some("`holdfast logs` shows the logs"),
        "data-dir" | "d" => Some("Holdfast keeps its data where it lasts"),
        "disable-cloud-controller" => Some("there is none in Holdfast"),
        "disable-helm-controller" => Some("there is none in Holdfast"),
        _ => None,
    };
    if let Some(done) = done {
        draft.changed(span, &flag, done);
        return;
    }
    let why = match name {
        "cluster-dns" => "the cluster's DNS has the tenth address of `kubernetes.service_cidr`",
        "private-registry" => "registries are in `registries`: write them there",
        "resolv-conf" => "DNS servers are in `network.dns.nameservers`",
        "node-external-ip" | "bind-address" | "https-listen-port" | "flannel-iface"
        | "flannel-backend" => "there is no such choice in this version",
        "datastore-endpoint" | "datastore-cafile" | "datastore-certfile" | "datastore-keyfile" => {
            "the datastore is on the node itself"
        }
        "docker" | "container-runtime-endpoint" => "containerd is the only runtime",
        _ => "no equivalent in Holdfast",
    };
    draft.lost(span, &flag, why);
}
