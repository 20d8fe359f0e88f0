//! kube-proxy and flannel.

use super::{NodeFacts, json};
use crate::args::Args;
use crate::file::PlannedFile;
use crate::paths::text;
use crate::{ClusterSettings, Paths};
use serde_json::json;

fn proxy_config(paths: &Paths) -> std::path::PathBuf {
    paths.run().join("kube-proxy.json")
}

fn flannel_config(paths: &Paths) -> std::path::PathBuf {
    paths.run().join("flannel.json")
}

pub(super) fn proxy_args(paths: &Paths) -> Args {
    Args::default().set("config", text(&proxy_config(paths)))
}

pub(super) fn flannel_args(settings: &ClusterSettings, facts: &NodeFacts, paths: &Paths) -> Args {
    Args::default()
        .set("kubeconfig-file", text(&paths.kubeconfig("flannel")))
        .set("node-name", settings.node_name.clone())
        .set("net-config-path", text(&flannel_config(paths)))
        .set("subnet-file", text(&paths.at("/run/flannel/subnet.env")))
        .set("iface", facts.address.to_string())
        .set("public-ip", facts.address.to_string())
        .set("ip-masq", "true")
}

pub(super) fn files(settings: &ClusterSettings, paths: &Paths) -> Vec<PlannedFile> {
    let proxy = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": { "kubeconfig": text(&paths.kubeconfig("kube-proxy")) },
        "hostnameOverride": settings.node_name,
        "mode": "nftables",
        "clusterCIDR": settings.network.pods.to_string(),
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "enableProfiling": false,
        // Connection tracking is sized by the node's sysctls.
        "conntrack": { "maxPerCore": 0 },
    });
    let flannel = json!({
        "Network": settings.network.pods.to_string(),
        "EnableNFTables": true,
        "Backend": { "Type": "vxlan" },
    });
    vec![
        json(proxy_config(paths), &proxy),
        json(flannel_config(paths), &flannel),
    ]
}
