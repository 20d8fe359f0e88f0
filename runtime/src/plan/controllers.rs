//! kube-controller-manager and kube-scheduler: flags.

use super::file::{leaf_file, pki_file, trust_file};
use crate::args::Args;
use crate::paths::text;
use crate::{Paths, Settings};

pub(super) fn manager(settings: &Settings, paths: &Paths) -> Args {
    let pki = |name| pki_file(paths, name);
    let node_mask = match settings.cluster.pods {
        ipnet::IpNet::V4(net) => ("node-cidr-mask-size-ipv4", net.prefix_len().max(24)),
        ipnet::IpNet::V6(net) => ("node-cidr-mask-size-ipv6", net.prefix_len().max(64)),
    };
    served("controller-manager", paths)
        .set("use-service-account-credentials", "true")
        .set("controllers", "*,bootstrapsigner,tokencleaner")
        .set("allocate-node-cidrs", "true")
        .set("cluster-cidr", settings.cluster.pods.to_string())
        .set(node_mask.0, node_mask.1.to_string())
        .set(
            "service-cluster-ip-range",
            settings.cluster.services.to_string(),
        )
        .set("cluster-signing-cert-file", pki("ca.crt"))
        .set("cluster-signing-key-file", pki("ca.key"))
        .set("root-ca-file", trust_file(paths, "ca.crt"))
        .set(
            "service-account-private-key-file",
            pki("service-account.key"),
        )
        .set("terminated-pod-gc-threshold", "100")
}

pub(super) fn scheduler(paths: &Paths) -> Args {
    served("scheduler", paths)
}

/// What both have: local only, and no election, which among one would be a write every two seconds.
fn served(name: &str, paths: &Paths) -> Args {
    let kubeconfig = text(&paths.kubeconfig(name));
    let leaf = leaf_file(paths, &format!("{name}-server"));
    Args::default()
        .set("kubeconfig", kubeconfig.clone())
        .set("authentication-kubeconfig", kubeconfig.clone())
        .set("authorization-kubeconfig", kubeconfig)
        .set("client-ca-file", trust_file(paths, "ca.crt"))
        .set(
            "requestheader-client-ca-file",
            trust_file(paths, "front-proxy-ca.crt"),
        )
        .set("bind-address", "127.0.0.1")
        .set("tls-cert-file", leaf.clone())
        .set("tls-private-key-file", leaf)
        .set("leader-elect", "false")
        .set("profiling", "false")
}
