//! kube-proxy and flannel.

use super::file::json;
use super::node_facts::NodeFacts;
use crate::args::Args;
use crate::file::PlannedFile;
use crate::paths::text;
use crate::{Paths, Settings};
use serde_json::json;

fn flannel_config(paths: &Paths) -> std::path::PathBuf {
    paths.run().join("flannel.json")
}

/// Flags, for with a file kube-proxy ignores what a user sets by flag.
///
/// `bind-address` binds nothing: it is the address at which node ports answer. Without it kube-proxy takes the one that the
/// Node object has when it starts, which after a change of address is still the old one.
pub(super) fn proxy_args(settings: &Settings, facts: &NodeFacts, paths: &Paths) -> Args {
    Args::default()
        .set("kubeconfig", text(&paths.kubeconfig("kube-proxy")))
        .set("hostname-override", settings.node.name.as_str())
        .set("bind-address", facts.address.to_string())
        .set("proxy-mode", "nftables")
        .set("cluster-cidr", settings.cluster.pods.to_string())
        .set("healthz-bind-address", "127.0.0.1:10256")
        .set("metrics-bind-address", "127.0.0.1:10249")
        .set("profiling", "false")
        // Connection tracking is sized by the node's sysctls.
        .set("conntrack-max-per-core", "0")
}

pub(super) fn flannel_args(settings: &Settings, facts: &NodeFacts, paths: &Paths) -> Args {
    Args::default()
        .set("kubeconfig-file", text(&paths.kubeconfig("flannel")))
        .set("node-name", settings.node.name.as_str())
        .set("net-config-path", text(&flannel_config(paths)))
        .set("subnet-file", text(&paths.at("/run/flannel/subnet.env")))
        .set("iface", facts.address.to_string())
        .set("public-ip", facts.address.to_string())
        .set("ip-masq", "true")
}

pub(super) fn files(settings: &Settings, paths: &Paths) -> Vec<PlannedFile> {
    let flannel = json!({
        "Network": settings.cluster.pods.to_string(),
        "EnableNFTables": true,
        "Backend": { "Type": "vxlan" },
    });
    vec![json(flannel_config(paths), &flannel)]
}
