//! Flags of a component: ours, with the user's merged over them.

use std::collections::BTreeMap;
use thiserror::Error;

/// A user's flag would break the node.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("kubernetes.args.{component}: --{flag} cannot be set: {reason}")]
pub struct RefusedFlag {
    /// The key below `kubernetes.args`.
    pub component: &'static str,
    /// The flag, without dashes.
    pub flag: String,
    /// Why, and what to do instead.
    pub reason: &'static str,
}

/// Flags in the order in which they were set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Args(Vec<(String, Vec<String>)>);

/// Lists that a user adds to rather than replaces.
const JOINED: [&str; 4] = [
    "feature-gates",
    "enable-admission-plugins",
    "disable-admission-plugins",
    "service-account-issuer",
];

const IDENTITY: &str = "the node makes and rotates its own certificates and keys";
const PLACE: &str = "other parts of the node rely on where this listens and stores";
const NETWORK: &str = "set kubernetes.pod-cidr, service-cidr or cluster-domain instead";
const NAME: &str = "set kubernetes.node-name or node-address instead";
const HEALTH: &str = "the node's own checks rely on it";

/// Flags that are refused: component (`*` for all), flag, why.
const REFUSED: &[(&str, &str, &str)] = &[
    ("*", "kubeconfig", IDENTITY),
    ("*", "tls-cert-file", IDENTITY),
    ("*", "tls-private-key-file", IDENTITY),
    ("*", "client-ca-file", IDENTITY),
    (
        "*",
        "config",
        "set single flags; the file is made by the node",
    ),
    ("*", "logging-format", "all components share one log"),
    (
        "*",
        "v",
        "all components share one log; set environment.HOLDFAST_LOG_LEVEL instead",
    ),
    ("api-server", "etcd-servers", PLACE),
    ("api-server", "secure-port", PLACE),
    ("api-server", "service-cluster-ip-range", NETWORK),
    ("api-server", "advertise-address", NAME),
    (
        "api-server",
        "authorization-mode",
        "RBAC and Node authorization are always on",
    ),
    (
        "api-server",
        "anonymous-auth",
        "only the health addresses are open to everyone",
    ),
    (
        "api-server",
        "authentication-config",
        "only the health addresses are open to everyone",
    ),
    ("api-server", "service-account-key-file", IDENTITY),
    ("api-server", "service-account-signing-key-file", IDENTITY),
    ("api-server", "encryption-provider-config", IDENTITY),
    ("api-server", "kubelet-client-certificate", IDENTITY),
    ("api-server", "kubelet-client-key", IDENTITY),
    ("api-server", "proxy-client-cert-file", IDENTITY),
    ("api-server", "proxy-client-key-file", IDENTITY),
    ("api-server", "allow-privileged", "system pods need it"),
    ("controller-manager", "cluster-cidr", NETWORK),
    ("controller-manager", "service-cluster-ip-range", NETWORK),
    (
        "controller-manager",
        "service-account-private-key-file",
        IDENTITY,
    ),
    ("controller-manager", "cluster-signing-cert-file", IDENTITY),
    ("controller-manager", "cluster-signing-key-file", IDENTITY),
    ("controller-manager", "root-ca-file", IDENTITY),
    ("kubelet", "hostname-override", NAME),
    ("kubelet", "node-ip", NAME),
    ("kubelet", "cluster-dns", NETWORK),
    ("kubelet", "cluster-domain", NETWORK),
    ("kubelet", "root-dir", PLACE),
    ("kubelet", "container-runtime-endpoint", PLACE),
    (
        "kubelet",
        "cgroup-driver",
        "there is no systemd on the node",
    ),
    ("kubelet", "cgroup-root", PLACE),
    ("kubelet", "cert-dir", PLACE),
    (
        "kubelet",
        "node-labels",
        "set labels instead: they follow the file at all times",
    ),
    (
        "kubelet",
        "register-with-taints",
        "set taints instead: they follow the file at all times",
    ),
    ("kubelet", "healthz-port", HEALTH),
    ("kube-proxy", "hostname-override", NAME),
    ("kube-proxy", "cluster-cidr", NETWORK),
    (
        "kube-proxy",
        "proxy-mode",
        "pods and Services share one nftables set-up",
    ),
];

impl Args {
    /// Adds `--name=value`.
    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.into(), vec![value.into()]));
        self
    }

    /// Puts the user's flags over ours.
    ///
    /// # Errors
    /// One of them would break the node.
    pub(crate) fn merged(
        mut self,
        component: &'static str,
        user: &BTreeMap<String, Vec<String>>,
    ) -> Result<Self, RefusedFlag> {
        for (flag, values) in user {
            if let Some(reason) = refusal(component, flag) {
                return Err(RefusedFlag {
                    component,
                    flag: flag.clone(),
                    reason,
                });
            }
            match self.0.iter_mut().find(|(name, _)| name == flag) {
                Some((name, ours)) if JOINED.contains(&name.as_str()) => {
                    if name == "service-account-issuer" {
                        ours.extend(values.iter().cloned());
                    } else {
                        let all: Vec<_> = ours.drain(..).chain(values.iter().cloned()).collect();
                        ours.push(all.join(","));
                    }
                }
                Some((_, ours)) => ours.clone_from(values),
                None => self.0.push((flag.clone(), values.clone())),
            }
        }
        Ok(self)
    }

    /// As the component takes them.
    pub(crate) fn into_vec(self) -> Vec<String> {
        let line = |(name, values): (String, Vec<String>)| {
            values
                .into_iter()
                .map(move |value| format!("--{name}={value}"))
        };
        self.0.into_iter().flat_map(line).collect()
    }
}

fn refusal(component: &str, flag: &str) -> Option<&'static str> {
    let hit = |(who, name, _): &&(&str, &str, &'static str)| {
        (*who == "*" || *who == component) && *name == flag
    };
    REFUSED.iter().find(hit).map(|(_, _, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::Args;
    use std::collections::BTreeMap;

    fn user(flags: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let own = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect();
        flags
            .iter()
            .map(|(name, values)| ((*name).to_owned(), own(values)))
            .collect()
    }

    #[test]
    fn the_users_flags_go_over_ours() {
        let ours = || Args::default().set("a", "1").set("feature-gates", "X=true");
        for (case, flags, expected) in [
            (
                "nothing",
                user(&[]),
                vec!["--a=1", "--feature-gates=X=true"],
            ),
            (
                "replaced",
                user(&[("a", &["2"])]),
                vec!["--a=2", "--feature-gates=X=true"],
            ),
            (
                "repeated",
                user(&[("a", &["2", "3"])]),
                vec!["--a=2", "--a=3", "--feature-gates=X=true"],
            ),
            (
                "added",
                user(&[("b", &["9"])]),
                vec!["--a=1", "--feature-gates=X=true", "--b=9"],
            ),
            (
                "joined",
                user(&[("feature-gates", &["Y=true"])]),
                vec!["--a=1", "--feature-gates=X=true,Y=true"],
            ),
        ] {
            let merged = ours().merged("api-server", &flags).expect(case);
            assert_eq!(merged.into_vec(), expected, "{case}");
        }
    }

    #[test]
    fn what_would_break_the_node_is_refused() {
        for (component, flag, words) in [
            ("api-server", "etcd-servers", "rely on where"),
            ("api-server", "anonymous-auth", "health addresses"),
            ("kubelet", "kubeconfig", "its own certificates"),
            ("kubelet", "node-labels", "set labels instead"),
            ("kube-proxy", "proxy-mode", "nftables"),
        ] {
            let error = Args::default()
                .merged(component, &user(&[(flag, &["x"])]))
                .expect_err(flag);
            let text = error.to_string();
            assert!(
                text.contains(&format!("kubernetes.args.{component}: --{flag}")),
                "{text}"
            );
            assert!(text.contains(words), "{text}");
        }
    }
}
