//! The cards that have a last resort.

use crate::plan::{file_name, has_last_resort, last_resort_profile};
use ipnet::Ipv4Net;
use os_config::{Interface, InterfaceMatch, Network};
use std::net::Ipv4Addr;

/// A card with fixed IPv4 addresses and no DHCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Which one.
    pub select: InterfaceMatch,
    /// Its own profile.
    pub profile: String,
    /// That of its last resort.
    pub last_resort: String,
    /// Its fixed addresses.
    pub addresses: Vec<Ipv4Net>,
    /// Its gateway.
    pub gateway: Option<Ipv4Addr>,
}

/// The cards to watch; none where the last resort is switched off.
pub fn watched(network: &Network) -> Vec<Card> {
    let cards = network.interfaces.iter();
    cards
        .filter(|interface| has_last_resort(interface, network))
        .map(card)
        .collect()
}

fn card(interface: &Interface) -> Card {
    let name = file_name(interface);
    let addresses = interface.addresses.iter();
    Card {
        select: interface.select.clone(),
        profile: format!("holdfast-{name}"),
        last_resort: last_resort_profile(&name),
        addresses: addresses
            .filter_map(|net| match net {
                ipnet::IpNet::V4(net) => Some(*net),
                ipnet::IpNet::V6(_) => None,
            })
            .collect(),
        gateway: interface.gateway4,
    }
}
