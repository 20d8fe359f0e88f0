//! The network plugin's configuration, once this node's share of the pod network is known.

use super::file::json;
use crate::Paths;
use crate::file::PlannedFile;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// This node's share of the pod network. It is kept on state: a node that restarts has it before the API is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodNetwork {
    /// Addresses of this node's pods.
    pub pods: IpNet,
    /// Largest packet, bytes: the underlay's less what the tunnel adds.
    pub mtu: u32,
}

/// The plugin list: a bridge, addresses from this node's share, host ports. Masquerading is flannel's work.
pub fn cni_file(network: PodNetwork, paths: &Paths) -> PlannedFile {
    let list = json!({
        "cniVersion": "1.0.0",
        "name": "holdfast",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": true,
                "isDefaultGateway": true,
                "hairpinMode": true,
                "forceAddress": true,
                "ipMasq": false,
                "mtu": network.mtu,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni/addresses",
                    "ranges": [[{ "subnet": network.pods.to_string() }]],
                },
            },
            { "type": "portmap", "capabilities": { "portMappings": true }, "snat": true },
        ],
    });
    PlannedFile {
        mode: 0o644,
        ..json(paths.cni(), &list)
    }
}
