//! What the machine's interfaces look like, from the kernel's own files.

use super::choose::{Host, Link, LinkState};
use crate::Paths;
use init_api::interface::is_inside;
use nix::net::if_::InterfaceFlags;
use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use thiserror::Error;

/// The machine's interfaces cannot be read.
#[derive(Debug, Error)]
pub enum HostError {
    /// The kernel does not list them.
    #[error("cannot list the network interfaces")]
    List(#[source] nix::Error),
    /// The routes cannot be read.
    #[error("cannot read {path}")]
    Routes {
        /// The kernel's file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
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
    let path = paths.at("/proc/net/route");
    let routes = fs::read_to_string(&path).map_err(|source| HostError::Routes { path, source })?;
    Ok(Host {
        links: links.into_values().collect(),
        default_route: default_route(&routes),
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

/// The interface of the default route with the lowest metric, from `/proc/net/route`.
fn default_route(table: &str) -> Option<String> {
    let any = format!("{:08X}", u32::from(Ipv4Addr::UNSPECIFIED));
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let metric: u32 = fields.get(6)?.parse().ok()?;
        let default = fields.get(1) == Some(&any.as_str()) && fields.get(7) == Some(&any.as_str());
        default.then(|| (metric, fields.first().map(|f| (*f).to_owned())))
    };
    table
        .lines()
        .skip(1)
        .filter_map(route)
        .min_by_key(|(metric, _)| *metric)?
        .1
}

#[cfg(test)]
mod tests {
    use super::default_route;

    const HEAD: &str =
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";

    #[test]
    fn the_default_route_with_the_lowest_metric() {
        let lan = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
        let slow = "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n";
        let fast = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
        let half = "tun0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n";
        for (case, table, expected) in [
            ("empty", String::new(), None),
            ("no default", format!("{HEAD}{lan}"), None),
            ("one", format!("{HEAD}{lan}{slow}"), Some("wlan0")),
            (
                "the lower metric",
                format!("{HEAD}{slow}{fast}"),
                Some("eth0"),
            ),
            (
                "half of the world is not a default",
                format!("{HEAD}{half}{slow}"),
                Some("wlan0"),
            ),
            ("cut short", format!("{HEAD}eth0\t000"), None),
        ] {
            assert_eq!(default_route(&table).as_deref(), expected, "{case}");
        }
    }
}
