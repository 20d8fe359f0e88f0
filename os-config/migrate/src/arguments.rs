//! `k3os.k3s_args`: the words of a command line.

use super::coerce::{entries, kind, scalar};
use super::draft::{Draft, list, nest};
use super::flags::{argument, one};
use os_config::tree::{Kind, Node, Span, Value};

/// Flags that take no value.
const SWITCHES: [&str; 21] = [
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
    let mut words = argv(draft, value).into_iter().peekable();
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
                argument(span, &word),
            ),
            other => draft.lost(
                span,
                other,
                "neither `server` nor `agent`",
                argument(span, other),
            ),
        }
    }
    while let Some((word, span)) = words.next() {
        let Some(flag) = word.strip_prefix('-') else {
            draft.lost(span, &word, "it belongs to no flag", argument(span, &word));
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
fn argv(draft: &mut Draft, value: &Node) -> Vec<(String, Span)> {
    let one_text = matches!(value.value, Value::Scalar(..));
    let mut words = Vec::new();
    for node in entries(value) {
        let Some(word) = scalar(node) else {
            if !matches!(node.value, Value::Scalar(Kind::Null, _)) {
                let message = format!("an argument is a text, not {}", kind(node));
                let original = nest(&["k3s_args"], list(node.span, vec![node.clone()]));
                draft.lost(node.span, "k3s_args", message, original);
            }
            continue;
        };
        let several = one_text
            || (word.starts_with('-') && !word.split(' ').next().unwrap_or("").contains('='));
        if several {
            let parts = word.split_whitespace();
            words.extend(parts.map(|word| (word.to_owned(), node.span)));
        } else {
            words.push((word.to_owned(), node.span));
        }
    }
    words
}
