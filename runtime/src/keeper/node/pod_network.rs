//! The pod network, as the cluster gives it to this node.

use crate::Paths;
use crate::address::{interface_of, is_stand_in};
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
    let mtu = inside_tunnel(underlay(keeper), kept(&keeper.paths));
    let network = PodNetwork { pods, mtu };
    let text = serde_json::to_string(&network).expect("a network becomes JSON") + "\n";
    let stored = PlannedFile::new(keeper.paths.pod_network(), 0o600, text);
    file::write_lasting_if_changed(&stored)?;
    if file::write_if_changed(&cni_file(network, &keeper.paths))? {
        info!("pods of this node are in {}", network.pods);
    }
    Ok(())
}

/// The largest packet of the card with the node's address; none while that stands on no card.
fn underlay(keeper: &Keeper) -> Option<u32> {
    let address = prepared_address(&keeper.paths).ok()?;
    let name = interface_of(address).filter(|name| !is_stand_in(name))?;
    let path = keeper.paths.at("/sys/class/net").join(name).join("mtu");
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// What is known since the node last had a card.
fn kept(paths: &Paths) -> Option<u32> {
    let text = fs::read_to_string(paths.pod_network()).ok()?;
    let network: PodNetwork = serde_json::from_str(&text).ok()?;
    Some(network.mtu)
}

/// What fits into a packet inside the tunnel. Without a card it is what it was: a cable that is out says nothing of the network that it
/// is put back into.
fn inside_tunnel(underlay: Option<u32>, kept: Option<u32>) -> u32 {
    match (underlay, kept) {
        (None, Some(kept)) => kept,
        (underlay, _) => underlay.unwrap_or(USUAL_MTU).clamp(576, 9000) - TUNNEL,
    }
}

#[cfg(test)]
mod tests {
    use super::{inside_tunnel, kept};
    use crate::Paths;
    use std::fs;

    #[test]
    fn a_cable_that_is_out_changes_nothing() {
        for (case, underlay, kept, expected) in [
            ("a card of its own", Some(1400), None, 1350),
            ("another card", Some(1500), Some(1350), 1450),
            ("jumbo frames", Some(65535), Some(1450), 8950),
            ("no card", None, Some(1350), 1350),
            ("never a card", None, None, 1450),
        ] {
            assert_eq!(inside_tunnel(underlay, kept), expected, "{case}");
        }
    }

    #[test]
    fn what_is_kept_is_what_was_stored() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        assert_eq!(kept(&paths), None);
        let file = paths.pod_network();
        fs::create_dir_all(file.parent().expect("a folder")).expect("folder");
        fs::write(&file, "{\"pods\": \"10.42.0.0/24\", \"mtu\": 1350}").expect("written");
        assert_eq!(kept(&paths), Some(1350));
    }
}
