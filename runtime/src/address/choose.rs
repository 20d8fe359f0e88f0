//! Which address, as a pure function of what the machine's interfaces look like.

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

/// Whether one of the machine's interfaces has this address.
pub fn holds(host: &Host, address: IpAddr) -> bool {
    host.links
        .iter()
        .flat_map(|link| &link.addresses)
        .any(|a| IpAddr::V4(*a) == address)
}

fn usable(address: &Ipv4Addr) -> bool {
    !address.is_loopback()
        && !address.is_link_local()
        && !address.is_unspecified()
        && !address.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::{Choice, Host, Link, LinkState, choose};

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
}
