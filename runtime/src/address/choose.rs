//! Which address, as a pure function of what the machine's interfaces look like.

use super::stand_in::FALLBACK;
use std::net::{IpAddr, Ipv4Addr};

/// The machine's network as the kernel shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// Interfaces, but for loopback and those that this node makes for pods.
    pub links: Vec<Link>,
    /// The interface of the IPv4 default route with the lowest metric.
    pub default_route: Option<String>,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Whether hardware stands behind it.
    pub physical: bool,
    /// Whether anything is connected.
    pub state: LinkState,
    /// Its IPv4 addresses.
    pub addresses: Vec<Ipv4Addr>,
}

/// Whether anything is connected to an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Yes.
    Connected,
    /// No.
    Unplugged,
    /// It is not switched on yet.
    Down,
}

/// What is to be done about the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// This is it.
    Address(IpAddr),
    /// Something is connected, and DHCP may still answer.
    NoAddress,
    /// There is an address, and the default route usually follows at once.
    NoRoute,
    /// Its interfaces are not switched on yet; NetworkManager does that, and a slow machine takes its time.
    Down,
    /// Nothing is connected, so none will come soon.
    Unplugged,
    /// There is no interface with hardware, or its driver is not loaded yet.
    NoInterface,
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => write!(f, "the address is {address}"),
            Self::NoAddress => f.write_str("waiting for an address (DHCP)"),
            Self::NoRoute => f.write_str("waiting for a default route"),
            Self::Down => f.write_str("waiting for the network interfaces to be switched on"),
            Self::Unplugged => f.write_str("waiting for a cable: no interface has a link"),
            Self::NoInterface => f.write_str("waiting for a network interface: there is none"),
        }
    }
}

/// Chooses the address on the default route's interface. An address without a default route
/// is only taken once patience is over (`last_call`): the route usually follows within milliseconds.
pub fn choose(host: &Host, last_call: bool) -> Choice {
    let routed = host.default_route.as_ref().and_then(|name| {
        let link = host.links.iter().find(|link| link.name == *name)?;
        link.addresses.iter().copied().find(usable)
    });
    if let Some(address) = routed {
        return Choice::Address(address.into());
    }
    let any = host
        .links
        .iter()
        .flat_map(|l| &l.addresses)
        .copied()
        .find(usable);
    match any {
        Some(address) if last_call => return Choice::Address(address.into()),
        Some(_) => return Choice::NoRoute,
        None => {}
    }
    let mut physical = host
        .links
        .iter()
        .filter(|link| link.physical)
        .map(|link| link.state);
    if physical.clone().any(|state| state == LinkState::Connected) {
        Choice::NoAddress
    } else if physical.any(|state| state == LinkState::Down) {
        Choice::Down
    } else if host.links.iter().all(|link| !link.physical) {
        Choice::NoInterface
    } else {
        Choice::Unplugged
    }
}

/// The address that the network offers a node that lost `current`, which it last held on the interface `home`. While the
/// default route is away for a moment, other interfaces prove nothing: the node would leave for one of them and never
/// come back.
pub fn offered(host: &Host, current: IpAddr, home: Option<&str>) -> Option<IpAddr> {
    let at_home = || {
        let link = host.links.iter().find(|link| Some(&*link.name) == home)?;
        link.addresses.iter().copied().find(usable).map(Into::into)
    };
    match choose(host, current == FALLBACK) {
        Choice::Address(address) => Some(address),
        _ => at_home(),
    }
}

/// The interface that has this address, of those that count.
pub fn held_on(host: &Host, address: IpAddr) -> Option<&str> {
    let has = |link: &&Link| link.addresses.iter().any(|a| IpAddr::V4(*a) == address);
    host.links.iter().find(has).map(|link| &*link.name)
}

fn usable(address: &Ipv4Addr) -> bool {
    !address.is_loopback()
        && !address.is_link_local()
        && !address.is_unspecified()
        && !address.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::{Choice, FALLBACK, Host, Link, LinkState, choose, held_on, offered};
    use std::net::IpAddr;

    fn link(name: &str, state: LinkState, addresses: &[&str]) -> Link {
        Link {
            name: name.into(),
            physical: true,
            state,
            addresses: addresses
                .iter()
                .map(|a| a.parse().expect("address"))
                .collect(),
        }
    }

    fn host(links: &[Link], default_route: Option<&str>) -> Host {
        Host {
            links: links.to_vec(),
            default_route: default_route.map(Into::into),
        }
    }

    #[test]
    fn which_address() {
        use LinkState::{Connected, Down, Unplugged};
        let address = |text: &str| Choice::Address(text.parse().expect("address"));
        let lan = link("eth0", Connected, &["192.168.1.5"]);
        let spare = link("eth1", Connected, &["10.1.1.1"]);
        let local = link("eth0", Connected, &["169.254.3.4"]);
        for (case, host, last_call, expected) in [
            (
                "the default route's",
                host(&[spare.clone(), lan.clone()], Some("eth0")),
                false,
                address("192.168.1.5"),
            ),
            (
                "no route yet",
                host(&[spare.clone(), lan.clone()], None),
                false,
                Choice::NoRoute,
            ),
            (
                "no route at all",
                host(&[spare, lan], None),
                true,
                address("10.1.1.1"),
            ),
            (
                "link-local does not count",
                host(&[local], Some("eth0")),
                true,
                Choice::NoAddress,
            ),
            (
                "no cable",
                host(&[link("eth0", Unplugged, &[])], None),
                false,
                Choice::Unplugged,
            ),
            (
                "not up yet",
                host(&[link("eth0", Down, &[])], None),
                false,
                Choice::Down,
            ),
            ("no interface", host(&[], None), false, Choice::NoInterface),
        ] {
            assert_eq!(choose(&host, last_call), expected, "{case}");
        }
    }

    #[test]
    fn what_the_network_offers_instead() {
        let own = "192.168.1.5".parse().expect("address");
        let up = |name, addresses: &[&str]| link(name, LinkState::Connected, addresses);
        let (lan, spare) = (up("eth0", &["192.168.1.77"]), up("eth1", &["10.1.1.1"]));
        let bare = up("eth0", &[]);
        for (case, links, route, current, home, expected) in [
            (
                "a new lease",
                vec![&lan, &spare],
                Some("eth0"),
                own,
                Some("eth0"),
                Some("192.168.1.77"),
            ),
            (
                "another uplink",
                vec![&bare, &spare],
                Some("eth1"),
                own,
                Some("eth0"),
                Some("10.1.1.1"),
            ),
            (
                "the uplink is away for a moment",
                vec![&bare, &spare],
                None,
                own,
                Some("eth0"),
                None,
            ),
            ("as after a boot", vec![&lan, &spare], None, own, None, None),
            (
                "a new lease without a route",
                vec![&spare, &lan],
                None,
                own,
                Some("eth0"),
                Some("192.168.1.77"),
            ),
            (
                "link-local at home",
                vec![&up("eth0", &["169.254.3.4"]), &spare],
                None,
                own,
                Some("eth0"),
                None,
            ),
            (
                "its interface is gone",
                vec![&spare],
                None,
                own,
                Some("eth0"),
                None,
            ),
            (
                "a first network without a route",
                vec![&spare],
                None,
                FALLBACK,
                None,
                Some("10.1.1.1"),
            ),
            ("no network", vec![&bare], None, FALLBACK, None, None),
        ] {
            let links: Vec<Link> = links.into_iter().cloned().collect();
            let host = host(&links, route);
            let expected = expected.map(|text| text.parse::<IpAddr>().expect("address"));
            assert_eq!(offered(&host, current, home), expected, "{case}");
        }
    }

    #[test]
    fn where_an_address_is() {
        let up = |name, addresses: &[&str]| link(name, LinkState::Connected, addresses);
        let host = host(
            &[
                up("eth0", &["10.1.1.1"]),
                up("eth1", &["10.1.1.2", "10.1.1.3"]),
            ],
            None,
        );
        for (address, expected) in [
            ("10.1.1.1", Some("eth0")),
            ("10.1.1.3", Some("eth1")),
            ("10.1.1.4", None),
            ("::1", None),
        ] {
            let found = held_on(&host, address.parse().expect("address"));
            assert_eq!(found, expected, "{address}");
        }
    }
}
