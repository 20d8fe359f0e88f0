//! k3s's command line flags and their homes.

use super::coerce::entries;
use super::draft::{Draft, list, nest, text, truth};
use super::{coerce, labels};
use os_config::hide_credentials;
use os_config::tree::{Kind, Node, Span, Value};

/// `/etc/rancher/k3s/config.yaml`: the same flags as YAML keys.
pub(super) fn config_file(draft: &mut Draft, tree: &Node) {
    for entry in tree.entries() {
        let name = entry.key.trim_end_matches('+');
        if matches!(entry.value.value, Value::Scalar(Kind::Null, _)) {
            let original = nest(&[&entry.key], entry.value.clone());
            draft.lost(entry.key_span, name, "it has no value", original);
        }
        for value in entries(&entry.value) {
            let Some(word) = coerce::scalar(value) else {
                let original = nest(&[&entry.key], value.clone());
                draft.lost(value.span, name, "its value is not understood", original);
                continue;
            };
            one(draft, name, Some(word), entry.key_span);
        }
    }
}

/// A word of `k3s_args` as it was written.
pub(super) fn argument(span: Span, word: &str) -> Node {
    nest(&["k3s_args"], list(span, vec![text(span, word)]))
}

/// One flag with its value.
pub(super) fn one(draft: &mut Draft, name: &str, value: Option<&str>, span: Span) {
    let given = value;
    let value_or_true = given.unwrap_or("true");
    let value = text(span, value_or_true);
    match name {
        "node-label" => labels::labels(draft, &value),
        "node-taint" => draft.push(&["taints"], value),
        "tls-san" => each(draft, &["kubernetes", "tls_sans"], &value),
        "cluster-cidr" => draft.put(&["kubernetes", "pod_cidr"], value),
        "service-cidr" => draft.put(&["kubernetes", "service_cidr"], value),
        "cluster-domain" => draft.put(&["kubernetes", "cluster_domain"], value),
        "node-name" => draft.put(&["kubernetes", "node_name"], value),
        "node-ip" => draft.put(&["kubernetes", "node_address"], value),
        // What the node is known by comes first.
        "advertise-address" => {
            draft.offer(
                &["kubernetes", "node_address"],
                value,
                "--advertise-address",
            );
        }
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
            let why = "this version makes every node a cluster of its own; joining comes later";
            let original = argument(span, "--cluster-init");
            draft.lost(span, "--cluster-init", why, original);
        }
        _ => without_equal(draft, name, given, span),
    }
}

fn each(draft: &mut Draft, way: &[&str], value: &Node) {
    for word in coerce::at_commas(value) {
        draft.push(way, word);
    }
}

/// `--kubelet-arg=max-pods=60`: a flag of a component; one that comes twice is repeated.
fn component(draft: &mut Draft, key: &str, value: &Node) {
    let words = coerce::scalar(value).unwrap_or_default();
    let (flag, setting) = words.split_once('=').unwrap_or((words, "true"));
    let flag = flag.trim_start_matches('-');
    let way = ["kubernetes", key, flag];
    if ["/var/lib/rancher", "/etc/rancher"]
        .iter()
        .any(|folder| setting.contains(folder))
    {
        let why = "k3s kept its files there, and nothing is there in Holdfast";
        let original = nest(&way, text(value.span, setting));
        draft.lost(value.span, &way.join("."), why, original);
    } else if flag == "feature-gates" {
        // One each: what is wrong with one of them does not take the others along.
        for gate in coerce::at_commas(&text(value.span, setting)) {
            draft.push(&way, gate);
        }
    } else {
        draft.repeat(&way, text(value.span, setting));
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
                argument(span, &format!("--disable={what}")),
            );
            return;
        }
    };
    draft.put(&["components", component], truth(span, false));
}

/// Flags without a home, and why.
fn without_equal(draft: &mut Draft, name: &str, value: Option<&str>, span: Span) {
    let flag = format!("--{name}");
    let whole = value.map_or_else(|| flag.clone(), |value| format!("{flag}={value}"));
    let done = match name {
        "secrets-encryption" => Some("Secrets are always encrypted"),
        "protect-kernel-defaults" => Some("it is always on"),
        "write-kubeconfig" | "write-kubeconfig-mode" | "o" | "output" => {
            Some("`holdfast kubeconfig` prints the kubeconfig")
        }
        "flannel-backend" if value == Some("vxlan") => Some("it is what Holdfast uses"),
        "kube-proxy-replacement" => None,
        "debug" | "v" | "log" | "alsologtostderr" => Some("`holdfast logs` shows the logs"),
        "data-dir" | "d" => Some("Holdfast keeps its data where it lasts"),
        "disable-cloud-controller" => Some("there is none in Holdfast"),
        "disable-helm-controller" => Some("there is none in Holdfast"),
        _ => None,
    };
    if let Some(done) = done {
        draft.changed(span, &hide_credentials(&whole), done);
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
    draft.lost(span, &flag, why, argument(span, &whole));
}
