//! Addresses and networks with a prefix length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::text::{Invalid, quoted, text_value};

/// An IP address.
#[derive(Debug)]
pub(crate) enum Address {}
text_value! {
    Address => IpAddr, address,
    const PATTERN: &str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$";
}

/// An address with its prefix length, as an interface has it.
#[derive(Debug)]
pub(crate) enum InterfaceAddress {}
text_value! {
    InterfaceAddress => IpNet, host_address,
    const PATTERN: &str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$";
}

/// The goal of a route: a network, or `default`, which the gateway makes one of.
#[derive(Debug)]
pub(crate) enum Destination {}
text_value! {
    Destination => IpNet, destination,
    const PATTERN: &str = r"^(default|([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3})$";
}

/// A network that packets come from.
#[derive(Debug)]
pub(crate) enum Source {}
text_value! {
    Source => IpNet, destination,
    const PATTERN: &str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$";
}

/// A network of the cluster's own.
#[derive(Debug)]
pub(crate) enum ClusterNetwork {}
text_value! {
    ClusterNetwork => IpNet, cluster_network,
    const PATTERN: &str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$";
}

/// The address by which a node is known.
#[derive(Debug)]
pub(crate) enum NodeAddress {}
text_value! {
    NodeAddress => IpAddr, node_address,
    const PATTERN: &str = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$";
}

/// An address with its prefix length, as an interface has it.
pub(super) fn host_address(text: &str) -> Result<IpNet, Invalid> {
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
fn network(text: &str) -> Result<IpNet, Invalid> {
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

/// An IP address without prefix length.
fn address(text: &str) -> Result<IpAddr, Invalid> {
    text.parse().map_err(|_| {
        let help = if text.contains('/') {
            "leave out the prefix length after the slash"
        } else {
            "write it like 192.168.1.1 or 2001:db8::1"
        };
        Invalid::new(format!("{} is not an IP address", quoted(text)), help)
    })
}

/// A network of the cluster's own.
fn cluster_network(text: &str) -> Result<IpNet, Invalid> {
    only_ipv4(text, "one IPv4 network")?;
    destination(text)
}

fn node_address(text: &str) -> Result<IpAddr, Invalid> {
    only_ipv4(text, "an IPv4 address")?;
    address(text)
}

/// Two networks with a comma between them are how Kubernetes itself is told of both families.
fn only_ipv4(text: &str, instead: &str) -> Result<(), Invalid> {
    let is_ipv6 = |part: &str| {
        let address = part.trim().split('/').next().unwrap_or_default();
        address.parse::<Ipv6Addr>().is_ok()
    };
    if !text.split(',').any(is_ipv6) {
        return Ok(());
    }
    Err(Invalid::new(
        "IPv6 and dual stack of the cluster's networks are not built yet",
        format!("write {instead}; the machine itself may have IPv6 addresses as well"),
    ))
}
