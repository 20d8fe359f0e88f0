//! Addresses and networks with a prefix length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::values::Invalid;
use crate::values::text::quoted;

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
