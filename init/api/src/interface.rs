//! Which network interfaces belong to pods rather than to the machine: one list, so that NetworkManager, the choice of the
//! node's address and the console agree.

use std::net::IpAddr;

/// What the names of such interfaces begin with: of flannel, of other network plugins that a user may install, of kube-proxy
/// and the DNS cache, and of the stand-in for a network.
pub const INSIDE: [&str; 13] = [
    "cni",
    "flannel",
    "veth",
    "cali",
    "vxlan.calico",
    "cilium",
    "lxc",
    "kube-",
    "nodelocaldns",
    "tunl",
    "wg-",
    "docker",
    STAND_IN,
];

/// The interface that stands in for a network on a machine that has none.
pub const STAND_IN: &str = "holdfast0";

/// Whether an interface of this name belongs to pods, or stands in for a network.
#[must_use]
pub fn is_inside(name: &str) -> bool {
    INSIDE.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether an address of an interface leads others to the machine.
#[must_use]
pub fn leads_here(name: &str, is_up: bool, is_loopback: bool, address: &IpAddr) -> bool {
    let is_link_local = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
    is_up && !is_loopback && !is_inside(name) && !is_link_local
}

#[cfg(test)]
mod tests {
    use super::{is_inside, leads_here};

    #[test]
    fn only_what_others_can_reach() {
        for (name, is_up, is_loopback, address, expected) in [
            ("enp1s0", true, false, "10.0.2.15", true),
            ("enp1s0", true, false, "2001:db8::7", true),
            ("enp1s0", true, false, "fe80::1", false),
            ("lo", true, true, "127.0.0.1", false),
            ("wlan0", false, false, "192.168.1.9", false),
            ("cni0", true, false, "10.42.0.1", false),
            ("flannel.1", true, false, "10.42.0.0", false),
            ("veth1f2e3d", true, false, "10.42.0.9", false),
            ("holdfast0", true, false, "10.254.254.1", false),
        ] {
            let address = address.parse().expect("address");
            let leads = leads_here(name, is_up, is_loopback, &address);
            assert_eq!(leads, expected, "{name} {address}");
        }
    }

    #[test]
    fn by_name() {
        for (name, expected) in [
            ("cni0", true),
            ("flannel.1", true),
            ("veth1f2e3d", true),
            ("cali12ab34", true),
            ("kube-ipvs0", true),
            ("holdfast0", true),
            ("enp1s0", false),
            ("eth0", false),
            ("wlan0", false),
            ("wg0", false),
            ("", false),
        ] {
            assert_eq!(is_inside(name), expected, "{name}");
        }
    }
}
