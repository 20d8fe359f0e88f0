//! The machine's IPv4 routes, from the kernel's `/proc/net/route`.

use crate::Paths;
use ipnet::Ipv4Net;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use thiserror::Error;

/// The routes cannot be read.
#[derive(Debug, Error)]
#[error("cannot read {path}")]
pub struct RoutesError {
    path: PathBuf,
    source: std::io::Error,
}

/// The kernel's main table.
#[derive(Debug)]
pub(super) struct Routes {
    table: String,
}

impl Routes {
    /// The routes of now.
    ///
    /// # Errors
    /// The kernel's file cannot be read.
    pub(super) fn read(paths: &Paths) -> Result<Self, RoutesError> {
        let path = paths.at("/proc/net/route");
        match fs::read_to_string(&path) {
            Ok(table) => Ok(Self { table }),
            Err(source) => Err(RoutesError { path, source }),
        }
    }

    /// The interface of the default route with the lowest metric.
    pub(super) fn default_device(&self) -> Option<String> {
        let everywhere = Ipv4Net::default();
        let metric = |fields: &Vec<&str>| -> Option<u32> { fields.get(METRIC)?.parse().ok() };
        self.lines()
            .filter(|fields| leads_to(fields, everywhere))
            .filter_map(|fields| Some((metric(&fields)?, (*fields.first()?).to_owned())))
            .min_by_key(|(metric, _)| *metric)
            .map(|(_, device)| device)
    }

    /// Whether there is a route to exactly this network by the interface.
    pub(super) fn has(&self, network: Ipv4Net, device: &str) -> bool {
        self.lines()
            .any(|fields| fields.first() == Some(&device) && leads_to(&fields, network))
    }

    fn lines(&self) -> impl Iterator<Item = Vec<&str>> {
        let lines = self.table.lines().skip(1);
        lines.map(|line| line.split_whitespace().collect())
    }
}

const DESTINATION: usize = 1;
const METRIC: usize = 6;
const MASK: usize = 7;

fn leads_to(fields: &[&str], network: Ipv4Net) -> bool {
    fields.get(DESTINATION) == Some(&&*word(network.network()))
        && fields.get(MASK) == Some(&&*word(network.netmask()))
}

/// An address as the kernel writes it here: a word of memory, so that its bytes stand in the processor's order.
fn word(address: Ipv4Addr) -> String {
    format!("{:08X}", u32::from_ne_bytes(address.octets()))
}

#[cfg(test)]
mod tests {
    use super::Routes;

    const HEAD: &str =
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
    const LAN: &str = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";

    #[test]
    fn the_default_route_with_the_lowest_metric() {
        let slow = "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n";
        let fast = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
        let half = "tun0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n";
        for (case, table, expected) in [
            ("empty", String::new(), None),
            ("no default", format!("{HEAD}{LAN}"), None),
            ("one", format!("{HEAD}{LAN}{slow}"), Some("wlan0")),
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
            let device = Routes { table }.default_device();
            assert_eq!(device.as_deref(), expected, "{case}");
        }
    }

    #[test]
    fn a_route_is_to_the_very_network() {
        let table = format!("{HEAD}{LAN}");
        let routes = Routes { table };
        for (network, device, expected) in [
            ("192.168.1.0/24", "eth0", true),
            ("192.168.1.0/24", "eth1", false),
            ("192.168.0.0/16", "eth0", false),
            ("192.168.1.0/25", "eth0", false),
            ("10.43.0.0/16", "eth0", false),
        ] {
            let network = network.parse().expect("network");
            assert_eq!(
                routes.has(network, device),
                expected,
                "{network} by {device}"
            );
        }
    }
}
