//! Addresses that the machine and the cluster would both take for their own.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Checker;
use crate::config::Kubernetes;
use crate::raw::{RawDns, RawInterface, RawNetwork};
use crate::values::text::TextValue;
use crate::values::{Destination, InterfaceAddress};

/// What the configuration says of the network, held against the cluster's own networks.
pub(super) fn network(c: &mut Checker, raw: Option<&RawNetwork>, kubernetes: &Kubernetes) {
    let Some(raw) = raw else { return };
    c.at("network", |c| {
        servers(c, raw.dns.as_ref(), kubernetes);
        c.at("interfaces", |c| {
            for (at, interface) in raw.interfaces.iter().enumerate() {
                c.at(at, |c| {
                    addresses(c, interface, kubernetes);
                    routes(c, interface, kubernetes);
                    servers(c, interface.dns.as_ref(), kubernetes);
                });
            }
        });
    });
}

/// Fixed addresses of interfaces: what goes to pods and Services would go out by the interface, or the other way round.
fn addresses(c: &mut Checker, interface: &RawInterface, kubernetes: &Kubernetes) {
    c.at("addresses", |c| {
        for (index, text) in interface.addresses.iter().enumerate() {
            // One that is no address is told about where it is read.
            if let Ok(address) = InterfaceAddress::check(&text.0)
                && let Some(clash) = clash(address, kubernetes)
            {
                c.at(index, |c| tell(c, address, &clash));
            }
        }
    });
}

/// Routes into the cluster's networks: what is for pods and Services would leave the machine. Wider ones do no harm.
fn routes(c: &mut Checker, interface: &RawInterface, kubernetes: &Kubernetes) {
    c.at("routes", |c| {
        for (index, route) in interface.routes.iter().enumerate() {
            let to = route.to.as_ref().map(|to| Destination::check(&to.0));
            let Some(Ok(to)) = to else { continue };
            let inside = networks(kubernetes)
                .into_iter()
                .find(|(_, _, theirs)| theirs.contains(&to));
            if let Some((_, whose, theirs)) = inside {
                c.at(index, |c| {
                    c.at("to", |c| {
                        c.wrong(
                            format!("{to} is inside the cluster's network of {whose}, {theirs}"),
                            "remove the route: the node itself knows the way there",
                        );
                    });
                });
            }
        }
    });
}

/// Name servers inside the cluster: its DNS asks the node's name servers, and would ask itself.
fn servers(c: &mut Checker, dns: Option<&RawDns>, kubernetes: &Kubernetes) {
    let servers = dns.map_or(&[][..], |dns| &dns.nameservers);
    c.at("dns", |c| {
        c.at("nameservers", |c| {
            for (index, text) in servers.iter().enumerate() {
                let Ok(address) = text.0.parse::<IpAddr>() else {
                    continue;
                };
                let inside = networks(kubernetes)
                    .into_iter()
                    .find(|(_, _, theirs)| theirs.contains(&address));
                if let Some((_, whose, theirs)) = inside {
                    c.at(index, |c| {
                        c.wrong(
                            format!("the name server {address} is inside the cluster's network of {whose}, {theirs}"),
                            "write one outside the cluster, such as the router: the cluster's own DNS asks the node's name servers",
                        );
                    });
                }
            }
        });
    });
}

/// The cluster's networks: key, whose addresses they are, the network.
fn networks(kubernetes: &Kubernetes) -> [(&'static str, &'static str, IpNet); 2] {
    [
        ("pod_cidr", "pods", kubernetes.pod_cidr),
        ("service_cidr", "services", kubernetes.service_cidr),
    ]
}

/// The network of the cluster that the interface's overlaps.
fn clash(address: IpNet, kubernetes: &Kubernetes) -> Option<(&'static str, &'static str, IpNet)> {
    networks(kubernetes)
        .into_iter()
        .find(|(_, _, theirs)| overlap(address, *theirs))
}

fn tell(c: &mut Checker, address: IpNet, (key, whose, theirs): &(&str, &str, IpNet)) {
    c.wrong(
        format!(
            "the interface's network {} overlaps that of {whose}, {theirs}",
            address.trunc()
        ),
        format!(
            "set `kubernetes.{key}` to a network that has no address in common with it, or correct the address"
        ),
    );
}

/// True when the two have an address in common.
pub(super) fn overlap(a: IpNet, b: IpNet) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}
