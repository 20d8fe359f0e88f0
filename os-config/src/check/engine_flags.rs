//! What this image's Kubernetes knows: flags of its components, and feature gates.
//!
//! A component that is given another one ends at its start, so none may come that far. The table is what `engine flags` prints,
//! and a test of the engine compares the two.

use crate::nearest;
use crate::values::Invalid;

const TABLE: &str = include_str!("kubernetes-flags.txt");
const GONE: &str =
    "remove it: this Kubernetes does not have it, and a component that is given it ends at once";

/// A feature gate of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gate<'a> {
    name: &'a str,
    default: bool,
    /// It cannot be set to anything but its default.
    locked: bool,
}

/// The component behind a key below `kubernetes`.
pub(super) fn component(key: &str) -> &'static str {
    match key {
        "api_server_args" => "kube-apiserver",
        "controller_manager_args" => "kube-controller-manager",
        "scheduler_args" => "kube-scheduler",
        "kube_proxy_args" => "kube-proxy",
        _ => "kubelet",
    }
}

pub(super) fn flags(component: &str) -> Vec<&'static str> {
    let flag = |line: &'static str| {
        let mut words = line.split(' ');
        let is_its = words.next() == Some("flag") && words.next() == Some(component);
        is_its.then(|| words.next()).flatten()
    };
    TABLE.lines().filter_map(flag).collect()
}

fn gates() -> Vec<Gate<'static>> {
    let gate = |line: &'static str| match line.split(' ').collect::<Vec<_>>()[..] {
        ["gate", name, default, state, _] => Some(Gate {
            name,
            default: default == "on",
            locked: state == "locked",
        }),
        _ => None,
    };
    TABLE.lines().filter_map(gate).collect()
}

fn near(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => GONE.to_owned(),
    }
}

/// Why the component under `key` cannot take `flag`, if it does not know it.
pub(super) fn unknown_flag(key: &str, flag: &str) -> Option<Invalid> {
    let component = component(key);
    let known = flags(component);
    (!known.contains(&flag)).then(|| {
        let message = format!("`{flag}` is no flag of {component} here");
        Invalid::new(message, near(flag, &known))
    })
}

/// What is wrong first with one value of `feature-gates`: `A=true`, or several with commas.
pub(super) fn wrong_gates(value: &str) -> Option<Invalid> {
    let all = gates();
    let pairs = value.split(',').map(str::trim);
    pairs
        .filter(|pair| !pair.is_empty())
        .find_map(|pair| wrong_gate(pair, &all))
}

fn wrong_gate(pair: &str, all: &[Gate]) -> Option<Invalid> {
    let Some((name, setting)) = pair.split_once('=') else {
        return Some(Invalid::new(
            format!("`{pair}` sets no feature gate"),
            format!("write `{pair}=true` or `{pair}=false`"),
        ));
    };
    // Upstream also takes the name of the part whose gates are meant.
    let name = name.trim();
    let name = name.strip_prefix("kube:").unwrap_or(name);
    let Some(gate) = all.iter().find(|gate| gate.name == name) else {
        let known: Vec<&str> = all.iter().map(|gate| gate.name).collect();
        let message = format!("`{name}` is no feature gate here");
        return Some(Invalid::new(message, near(name, &known)));
    };
    let Some(on) = truth(setting.trim()) else {
        return Some(Invalid::new(
            format!("the feature gate `{name}` cannot be `{}`", setting.trim()),
            format!("write `{name}=true` or `{name}=false`"),
        ));
    };
    (gate.locked && on != gate.default).then(|| {
        let always = if gate.default { "on" } else { "off" };
        Invalid::new(
            format!("the feature gate `{name}` cannot be changed here"),
            format!("it is always {always} in this Kubernetes: remove it"),
        )
    })
}

/// As Go's `strconv.ParseBool` reads it.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{TABLE, component, flags, gates, unknown_flag, wrong_gates};

    const KEYS: [&str; 5] = [
        "api_server_args",
        "controller_manager_args",
        "scheduler_args",
        "kubelet_args",
        "kube_proxy_args",
    ];

    #[test]
    fn every_line_of_the_table_is_read() {
        let flags: usize = KEYS.iter().map(|key| flags(component(key)).len()).sum();
        assert_eq!(flags + gates().len(), TABLE.lines().count());
    }

    #[test]
    fn flags_of_each_component() {
        for (key, flag, known) in [
            ("kubelet_args", "max-pods", true),
            ("kubelet_args", "pod-infra-container-image", false),
            ("api_server_args", "event-ttl", true),
            ("api_server_args", "max-pods", false),
            ("controller_manager_args", "address", false),
            ("scheduler_args", "port", false),
            ("kube_proxy_args", "conntrack-max-per-core", true),
        ] {
            assert_eq!(unknown_flag(key, flag).is_none(), known, "{key} {flag}");
        }
    }

    #[test]
    fn values_of_feature_gates() {
        for (value, wrong) in [
            ("", None),
            ("AllAlpha=false", None),
            ("AllAlpha=false, kube:AllBeta = T,", None),
            ("DynamicKubeletConfig=true", Some("is no feature gate here")),
            (
                "AllAlpha=false,DynamicKubeletConfig=true",
                Some("`DynamicKubeletConfig` is no"),
            ),
            ("AllAlpha", Some("sets no feature gate")),
            ("AllAlpha=yes", Some("cannot be `yes`")),
            ("HostnameOverride=true", None),
            ("HostnameOverride=false", Some("cannot be changed here")),
        ] {
            let found = wrong_gates(value).map(|invalid| invalid.message);
            match (&found, wrong) {
                (None, None) => {}
                (Some(found), Some(wrong)) if found.contains(wrong) => {}
                _ => panic!("{value}: {found:?}, not {wrong:?}"),
            }
        }
    }
}
