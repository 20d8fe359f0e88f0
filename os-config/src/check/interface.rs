//! Interfaces with their addresses, gateways and routes.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::Checker;
use super::dns::dns;
use crate::config::{Interface, InterfaceMatch, Route};
use crate::raw::{RawInterface, RawIpv6, RawRoute};
use crate::values::text::{TextValue, quoted};
use crate::values::{Destination, InterfaceName};

pub(super) fn interfaces(c: &mut Checker, raw: &[RawInterface]) -> Vec<Interface> {
    let mut seen: HashSet<InterfaceMatch> = HashSet::new();
    c.list("interfaces", raw, |c, raw| {
        let select = select(c, raw);
        if let Some(select) = &select {
            if seen.contains(select) {
                c.at(if raw.name.is_some() { "name" } else { "match" }, |c| {
                    c.wrong(
                        format!("the interface {} is listed already", named(select)),
                        "put all its settings into one entry",
                    );
                });
            }
            seen.insert(select.clone());
        }
        let settings = settings(c, raw);
        select.map(|select| Interface { select, ..settings })
    })
}

fn named(select: &InterfaceMatch) -> String {
    match select {
        InterfaceMatch::Name(name) => quoted(name.as_str()),
        InterfaceMatch::Mac(mac) => quoted(mac.as_str()),
    }
}

fn select(c: &mut Checker, raw: &RawInterface) -> Option<InterfaceMatch> {
    let mac = raw.r#match.as_ref().map(|by| &by.mac);
    match (&raw.name, mac) {
        (Some(_), None) => c.value("name", &raw.name).map(InterfaceMatch::Name),
        (None, Some(mac @ Some(_))) => {
            let mac = c.at("match", |c| c.value("mac", mac));
            mac.map(InterfaceMatch::Mac)
        }
        (None, Some(None)) => c.at("match", |c| {
            c.missing("mac", "write the interface's hardware address");
            None
        }),
        (Some(_), Some(_)) => {
            c.wrong(
                "an interface is picked by `name` or by `match`, not by both",
                "remove one of the two",
            );
            None
        }
        (None, None) => {
            c.missing(
                "name",
                "write the interface's name, such as name: enp1s0, or match: {mac: …}",
            );
            None
        }
    }
}

fn settings(c: &mut Checker, raw: &RawInterface) -> Interface {
    let addresses = c.texts("addresses", &raw.addresses);
    let any_wrong = addresses.len() != raw.addresses.len();
    let fixed4 = addresses.iter().any(|net| net.addr().is_ipv4());
    let fixed6 = addresses.iter().any(|net| net.addr().is_ipv6());
    let dhcp4 = raw.dhcp.unwrap_or(!fixed4);
    let mode6 = raw.ipv6.unwrap_or_default();
    if mode6 == RawIpv6::Off && fixed6 {
        c.at("ipv6", |c| {
            c.wrong(
                "IPv6 is off, but the interface has an IPv6 address",
                "write ipv6: static, or remove the address",
            );
        });
    }
    let off4 = !any_wrong && !dhcp4 && !fixed4;
    servers_of_use(c, raw, off4, mode6 == RawIpv6::Off);
    let (gateway4, gateway6) = gateways(c, raw, &addresses, any_wrong);
    if !any_wrong && !dhcp4 && addresses.is_empty() && mode6 != RawIpv6::Auto {
        c.wrong(
            "this interface would have no address at all",
            "write dhcp: true, or give it addresses",
        );
    }
    Interface {
        select: InterfaceMatch::Name(InterfaceName::parse("lo").expect("a literal name parses")),
        dhcp4,
        auto6: mode6 == RawIpv6::Auto,
        ipv6: mode6 != RawIpv6::Off,
        gateway4,
        gateway6,
        routes: c.list("routes", &raw.routes, route),
        dns: dns(c, raw.dns.as_ref()),
        mtu: mtu(c, raw.mtu, mode6),
        addresses,
    }
}

/// A name server of a family that the interface does not speak would never be asked.
fn servers_of_use(c: &mut Checker, raw: &RawInterface, off4: bool, off6: bool) {
    let servers = raw.dns.as_ref().map_or(&[][..], |dns| &dns.nameservers);
    for (index, text) in servers.iter().enumerate() {
        let (why, help) = match text.0.parse::<IpAddr>() {
            Ok(IpAddr::V6(_)) if off6 => (
                "IPv6 is off on this interface",
                "remove it, or write ipv6: auto or ipv6: static",
            ),
            Ok(IpAddr::V4(_)) if off4 => (
                "this interface has no IPv4 address",
                "remove it, or write dhcp: true, or give the interface an IPv4 address",
            ),
            _ => continue,
        };
        c.at("dns", |c| {
            c.at("nameservers", |c| {
                c.at(index, |c| {
                    c.wrong(
                        format!("the name server {} is of no use: {why}", text.0),
                        help,
                    );
                });
            });
        });
    }
}

fn mtu(c: &mut Checker, mtu: Option<u32>, mode6: RawIpv6) -> Option<u32> {
    let mtu = mtu?;
    let least = if mode6 == RawIpv6::Off { 576 } else { 1280 };
    if !(least..=65535).contains(&mtu) {
        c.at("mtu", |c| {
            c.wrong(
                format!("an MTU of {mtu} is impossible"),
                format!("write a number from {least} to 65535; 1500 is usual"),
            );
        });
    }
    Some(mtu)
}

fn gateways(
    c: &mut Checker,
    raw: &RawInterface,
    addresses: &[IpNet],
    any_wrong: bool,
) -> (Option<Ipv4Addr>, Option<Ipv6Addr>) {
    let (mut four, mut six) = (None, None);
    let Some(given) = &raw.gateway else {
        return (four, six);
    };
    // A single gateway stands under the key itself, several stand in a list.
    let parsed = c.list("gateway", &given.0, |c, text| {
        let gateway = c.text(text)?;
        if !any_wrong {
            reachable(c, gateway, addresses);
        }
        Some(gateway)
    });
    for gateway in parsed {
        let double = match gateway {
            IpAddr::V4(address) => four.replace(address).is_some(),
            IpAddr::V6(address) => six.replace(address).is_some(),
        };
        if double {
            c.at("gateway", |c| {
                c.wrong(
                    "two gateways of one family",
                    "keep one for IPv4 and one for IPv6; others belong into `routes`",
                );
            });
        }
    }
    (four, six)
}

fn reachable(c: &mut Checker, gateway: IpAddr, addresses: &[IpNet]) {
    let family: Vec<&IpNet> = addresses
        .iter()
        .filter(|net| net.addr().is_ipv4() == gateway.is_ipv4())
        .collect();
    let link_local = matches!(gateway, IpAddr::V6(address) if address.is_unicast_link_local());
    if link_local || family.iter().any(|net| net.contains(&gateway)) {
        if family.iter().any(|net| net.addr() == gateway) {
            c.wrong(
                format!("the gateway {gateway} is this interface's own address"),
                "write the router's address",
            );
        }
        return;
    }
    if family.is_empty() {
        let kind = if gateway.is_ipv4() {
            "an IPv4"
        } else {
            "an IPv6"
        };
        c.wrong(
            format!("the gateway {gateway} is of no use without {kind} address"),
            "give the interface an address in `addresses`; with DHCP the gateway comes from there",
        );
        return;
    }
    // A single address has no network: its router is on the link, as hosters give them out.
    if family
        .iter()
        .any(|net| net.prefix_len() == net.max_prefix_len())
    {
        return;
    }
    let networks: Vec<String> = family.iter().map(|net| net.trunc().to_string()).collect();
    c.wrong(
        format!(
            "the gateway {gateway} is outside the interface's network {}",
            networks.join(", ")
        ),
        "correct the gateway or the prefix length of the address",
    );
}

fn route(c: &mut Checker, raw: &RawRoute) -> Option<Route> {
    let Some(to) = &raw.to else {
        c.missing("to", "write the network to reach, such as to: 10.20.0.0/16");
        return None;
    };
    let via = c.value("via", &raw.via);
    let everything = match via {
        Some(IpAddr::V6(_)) => "::/0",
        _ => "0.0.0.0/0",
    };
    let to = if to.0 == "default" { everything } else { &to.0 };
    let to = c.at("to", |c| c.parsed(Destination::check(to)))?;
    if let Some(via) = via.filter(|via| via.is_ipv4() != to.addr().is_ipv4()) {
        c.at("via", |c| {
            c.wrong(
                format!("{via} and {to} are of different families"),
                "both are IPv4 or both are IPv6",
            );
        });
    }
    Some(Route {
        to,
        via,
        metric: raw.metric,
    })
}
