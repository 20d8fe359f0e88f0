//! What the machine's interfaces look like, from the kernel's own files.

use super::choose::{Host, Link, LinkState};
use super::routes::{Routes, RoutesError};
use crate::Paths;
use init_api::interface::is_inside;
use nix::net::if_::InterfaceFlags;
use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use thiserror::Error;

/// The machine's interfaces cannot be read.
#[derive(Debug, Error)]
pub enum HostError {
    /// The kernel does not list them.
    #[error("cannot list the network interfaces")]
    List(#[source] nix::Error),
    /// The routes cannot be read.
    #[error("cannot read the machine's routes")]
    Routes(#[from] RoutesError),
}

/// Reads the machine's interfaces, addresses and default route.
///
/// # Errors
/// The kernel does not tell.
pub fn read_host(paths: &Paths) -> Result<Host, HostError> {
    let mut links: BTreeMap<String, Link> = BTreeMap::new();
    for entry in nix::ifaddrs::getifaddrs().map_err(HostError::List)? {
        let name = entry.interface_name;
        if name == "lo" || is_inside(&name) {
            continue;
        }
        let sys = paths.at("/sys/class/net").join(&name);
        let link = links.entry(name.clone()).or_insert_with(|| Link {
            physical: sys.join("device").exists(),
            state: state(entry.flags, fs::read_to_string(sys.join("carrier")).ok()),
            addresses: Vec::new(),
            name,
        });
        if let Some(address) = entry.address.as_ref().and_then(|a| a.as_sockaddr_in()) {
            link.addresses.push(address.ip());
        }
    }
    let default_route = Routes::read(paths)?.default_device();
    Ok(Host {
        links: links.into_values().collect(),
        default_route,
    })
}

/// The interface that has this address.
pub fn interface_of(address: IpAddr) -> Option<String> {
    let mut all = nix::ifaddrs::getifaddrs().ok()?;
    let has = |a: &nix::sys::socket::SockaddrStorage| match address {
        IpAddr::V4(address) => a.as_sockaddr_in().is_some_and(|s| s.ip() == address),
        IpAddr::V6(address) => a.as_sockaddr_in6().is_some_and(|s| s.ip() == address),
    };
    all.find(|entry| entry.address.as_ref().is_some_and(has))
        .map(|entry| entry.interface_name)
}

fn state(flags: InterfaceFlags, carrier: Option<String>) -> LinkState {
    if !flags.contains(InterfaceFlags::IFF_UP) {
        LinkState::Down
    } else if carrier.is_some_and(|text| text.trim() == "1") {
        LinkState::Connected
    } else {
        LinkState::Unplugged
    }
}
