//! Where others reach the machine, as the kernel has it: for the console page while nobody else tells.

use init_api::interface::leads_here;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::InterfaceFlags;
use std::net::IpAddr;

/// More would not fit a screen.
const MOST: usize = 6;

/// Addresses that lead to the machine from outside, IPv4 first. None when the kernel does not tell.
pub(super) fn outside() -> Vec<IpAddr> {
    let all = getifaddrs().into_iter().flatten();
    choose(all.filter_map(|interface| Some((address(&interface)?, interface))))
}

fn choose(all: impl Iterator<Item = (IpAddr, InterfaceAddress)>) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = all
        .filter(|(address, interface)| {
            let flags = interface.flags;
            leads_here(
                &interface.interface_name,
                flags.contains(InterfaceFlags::IFF_UP),
                flags.contains(InterfaceFlags::IFF_LOOPBACK),
                address,
            )
        })
        .map(|(address, _)| address)
        .collect();
    found.sort_by_key(IpAddr::is_ipv6);
    found.truncate(MOST);
    found
}

fn address(interface: &InterfaceAddress) -> Option<IpAddr> {
    let address = interface.address?;
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

#[cfg(test)]
mod tests {
    use super::{MOST, choose, outside};
    use nix::ifaddrs::InterfaceAddress;
    use nix::net::if_::InterfaceFlags;
    use std::net::IpAddr;

    fn on(name: &str, flags: InterfaceFlags, address: &str) -> (IpAddr, InterfaceAddress) {
        let interface = InterfaceAddress {
            interface_name: name.to_owned(),
            flags,
            address: None,
            netmask: None,
            broadcast: None,
            destination: None,
        };
        (address.parse().expect("address"), interface)
    }

    #[test]
    fn only_what_others_can_reach() {
        let up = InterfaceFlags::IFF_UP;
        let all = [
            on("lo", up | InterfaceFlags::IFF_LOOPBACK, "127.0.0.1"),
            on("enp1s0", up, "2001:db8::7"),
            on("enp1s0", up, "fe80::1"),
            on("enp1s0", up, "10.0.2.15"),
            on("wlan0", InterfaceFlags::empty(), "192.168.1.9"),
            on("cni0", up, "10.42.0.1"),
            on("flannel.1", up, "10.42.0.0"),
            on("veth1f2e3d", up, "10.42.0.9"),
            on("holdfast0", up, "10.254.254.1"),
        ];
        let expected: [IpAddr; 2] = [[10, 0, 2, 15].into(), "2001:db8::7".parse().expect("v6")];
        assert_eq!(choose(all.into_iter()), expected);
        let many = (0..99).map(|n| on("enp1s0", up, &format!("10.0.0.{n}")));
        assert_eq!(choose(many).len(), MOST);
        assert!(outside().iter().all(|address| !address.is_loopback()));
    }
}
