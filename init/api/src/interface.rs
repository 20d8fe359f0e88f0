//! Which network interfaces belong to pods rather than to the machine: one list, so that NetworkManager, the choice of the
//! node's address and the console agree.

use serde::{Deserialize, Serialize};
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

/// An interface that the configuration has settings for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The key that picks it, such as `network.interfaces[0].name`.
    pub key: String,
    /// What the key says.
    pub by: By,
}

/// How an interface is picked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// By its name.
    Name(String),
    /// By its hardware address, in lower case.
    Mac(String),
}

/// An interface that the machine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// Its name.
    pub name: String,
    /// Its hardware address, in lower case.
    pub mac: String,
    /// Whether hardware stands behind it.
    pub physical: bool,
}

/// Those of `wanted` that are not `there`, a sentence each with the names of those that are.
#[must_use]
pub fn missing(wanted: &[Wanted], there: &[There]) -> Vec<String> {
    let is_there = |wanted: &&Wanted| {
        there.iter().any(|one| match &wanted.by {
            By::Name(name) => one.name == *name,
            By::Mac(mac) => one.mac == *mac,
        })
    };
    let cards: Vec<String> = there
        .iter()
        .filter(|one| one.physical && !is_inside(&one.name))
        .map(|one| format!("{} ({})", one.name, one.mac))
        .collect();
    let cards = match cards.len() {
        0 => "this machine has no network card".to_owned(),
        _ => format!("this machine has {}", cards.join(", ")),
    };
    let absent = wanted.iter().filter(|wanted| !is_there(wanted));
    absent
        .map(|wanted| {
            let (By::Name(said) | By::Mac(said)) = &wanted.by;
            format!(
                "{}: there is no interface {said}, so its settings are not in force; {cards}",
                wanted.key
            )
        })
        .collect()
}

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
    use super::{By, There, Wanted, is_inside, leads_here, missing};

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let there = |name: &str, mac: &str, physical| There {
            name: name.to_owned(),
            mac: mac.to_owned(),
            physical,
        };
        let lan = there("enp0s3", "52:54:00:12:34:56", true);
        let pods = there("cni0", "0a:00:00:00:00:01", false);
        let loopback = there("lo", "00:00:00:00:00:00", false);
        let own = there("br0", "0a:00:00:00:00:02", false);
        let name = |name: &str| By::Name(name.to_owned());
        let mac = |mac: &str| By::Mac(mac.to_owned());
        let all = [loopback, lan, pods, own];
        for (by, there, expected) in [
            (name("enp0s3"), &all[..], None),
            (name("br0"), &all, None),
            (mac("52:54:00:12:34:56"), &all, None),
            (
                name("eth0"),
                &all,
                Some(
                    "there is no interface eth0, so its settings are not in force; this machine has enp0s3 (52:54:00:12:34:56)",
                ),
            ),
            (
                mac("52:54:00:12:34:57"),
                &all[..1],
                Some(
                    "there is no interface 52:54:00:12:34:57, so its settings are not in force; this machine has no network card",
                ),
            ),
        ] {
            let key = "network.interfaces[0].name".to_owned();
            let told = missing(&[Wanted { key, by }], there);
            let expected = expected.map(|text| format!("network.interfaces[0].name: {text}"));
            assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
        }
    }

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
