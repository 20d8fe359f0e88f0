//! The machine's addresses as the kernel has them.

use init_api::interface::leads_here;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use serde::Serialize;
use std::net::IpAddr;

/// One address of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Address {
    pub(crate) interface: String,
    pub(crate) address: IpAddr,
}

/// Addresses that lead to the machine from outside. None when the kernel does not tell.
pub(crate) fn addresses() -> Vec<Address> {
    let Ok(all) = getifaddrs() else {
        return Vec::new();
    };
    all.filter_map(|interface| {
        let socket = interface.address?;
        let v4 = socket.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        let address = v4.or_else(|| socket.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))?;
        let (name, flags) = (interface.interface_name, interface.flags);
        let leads_here = leads_here(
            &name,
            flags.contains(InterfaceFlags::IFF_UP),
            flags.contains(InterfaceFlags::IFF_LOOPBACK),
            &address,
        );
        leads_here.then_some(Address {
            interface: name,
            address,
        })
    })
    .collect()
}
