//! The pod network, as the cluster gives it to this node.

use crate::address::interface_of;
use crate::file::{self, FileError, PlannedFile};
use crate::keeper::context::{Keeper, prepared_address};
use crate::plan::{PodNetwork, cni_file};
use ipnet::IpNet;
use k8s_openapi::api::core::v1::Node;
use std::fs;
use tracing::info;

/// What vxlan adds to a packet.
const TUNNEL: u32 = 50;
const USUAL_MTU: u32 = 1500;

/// The addresses of this node's pods; none until the cluster has given it some.
pub(super) fn of(node: &Node) -> Option<IpNet> {
    let spec = node.spec.as_ref()?;
    spec.pod_cidr.as_deref()?.parse().ok()
}

/// Writes the plugin's configuration, and stores the network for the next boot.
pub(super) fn set_up(keeper: &Keeper, pods: IpNet) -> Result<(), FileError> {
    let mtu = mtu(keeper);
    let network = PodNetwork { pods, mtu };
    let text = serde_json::to_string(&network).expect("a network becomes JSON") + "\n";
    let stored = PlannedFile::new(keeper.paths.pod_network(), 0o600, text);
    file::write_lasting_if_changed(&stored)?;
    if file::write_if_changed(&cni_file(network, &keeper.paths))? {
        info!("pods of this node are in {}", network.pods);
    }
    Ok(())
}

/// What fits into a packet inside the tunnel, going by the interface with the node's address.
fn mtu(keeper: &Keeper) -> u32 {
    let address = prepared_address(&keeper.paths).ok();
    let name = address.and_then(interface_of);
    let underlay = name.and_then(|name| {
        let path = keeper.paths.at("/sys/class/net").join(name).join("mtu");
        fs::read_to_string(path).ok()?.trim().parse::<u32>().ok()
    });
    underlay.unwrap_or(USUAL_MTU).clamp(576, 9000) - TUNNEL
}
