//! Interfaces with their addresses, gateways and routes.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::Checker;
use super::network::{address, dns};
use crate::config::{Interface, InterfaceMatch, Route};
use crate::raw::{RawInterface, RawIpv6, RawRoute};
use crate::values::text::quoted;
use crate::values::{InterfaceName, Invalid, MacAddress};

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
    let mac = raw.r#match.as_ref().map(|by| by.mac.as_deref());
    match (&raw.name, mac) {
        (Some(name), None) => c
            .value("name", Some(name), InterfaceName::parse)
            .map(InterfaceMatch::Name),
        (None, Some(Some(mac))) => c.at("match", |c| {
            c.value("mac", Some(mac), MacAddress::parse)
                .map(InterfaceMatch::Mac)
        }),
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
                "write the interface's name, such as name: eth0, or match: {mac: …}",
            );
            None
        }
    }
}

fn settings(c: &mut Checker, raw: &RawInterface) -> Interface {
    let addresses = c.texts("addresses", &raw.addresses, host_address);
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

/// An address with its prefix length, as an interface has it.
fn host_address(text: &str) -> Result<IpNet, Invalid> {
    let net = network(text)?;
    let address = net.addr();
    if address.is_multicast() || address.is_unspecified() {
        return Err(Invalid::new(
            format!("{} cannot be an interface's address", quoted(text)),
            "write an address of this machine, such as 192.168.1.10/24",
        ));
    }
    let few = match net {
        IpNet::V4(net) => net.prefix_len() >= 31,
        IpNet::V6(net) => net.prefix_len() >= 127,
    };
    if !few && address.is_ipv4() && (address == net.network() || address == net.broadcast()) {
        return Err(Invalid::new(
            format!(
                "{} is a network's own or its broadcast address",
                quoted(text)
            ),
            "write the address of this machine in it, such as 192.168.1.10/24",
        ));
    }
    Ok(net)
}

/// A network or an address in it, with a prefix length.
pub(super) fn network(text: &str) -> Result<IpNet, Invalid> {
    if let Ok(net) = text.parse() {
        return Ok(net);
    }
    let help = match text.split_once('/') {
        None if text.parse::<Ipv4Addr>().is_ok() => {
            format!("add the prefix length, as in {text}/24")
        }
        None if text.parse::<Ipv6Addr>().is_ok() => {
            format!("add the prefix length, as in {text}/64")
        }
        Some((address, prefix)) if address.parse::<IpAddr>().is_ok() => mask_help(address, prefix),
        _ => "write it like 192.168.1.10/24 or 2001:db8::10/64".to_owned(),
    };
    Err(Invalid::new(
        format!("{} is not an address with prefix length", quoted(text)),
        help,
    ))
}

fn mask_help(address: &str, prefix: &str) -> String {
    let most = if address.contains(':') { 128 } else { 32 };
    match prefix.parse::<Ipv4Addr>().map(u32::from) {
        Ok(mask) if mask.leading_ones() + mask.trailing_zeros() == 32 && most == 32 => {
            format!(
                "write the mask as a length: {address}/{}",
                mask.leading_ones()
            )
        }
        _ => format!("the length after the slash goes from 0 to {most}"),
    }
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
        let gateway = c.parsed(address(text))?;
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
    let Some(to) = raw.to.as_deref() else {
        c.missing("to", "write the network to reach, such as to: 10.20.0.0/16");
        return None;
    };
    let via = c.value("via", raw.via.as_deref(), address);
    let everything = match via {
        Some(IpAddr::V6(_)) => "::/0",
        _ => "0.0.0.0/0",
    };
    let to = if to == "default" { everything } else { to };
    let to = c.value("to", Some(to), destination)?;
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

/// A network as the goal of a route: no host bits.
pub(super) fn destination(text: &str) -> Result<IpNet, Invalid> {
    let net = network(text)?;
    if net.addr() == net.network() {
        return Ok(net);
    }
    Err(Invalid::new(
        format!("{} is an address in a network, not a network", quoted(text)),
        format!("write {}", net.trunc()),
    ))
}
