//! Addresses that the machine and the cluster would both take for their own.

use ipnet::IpNet;

use super::Checker;
use crate::config::Kubernetes;
use crate::raw::RawNetwork;
use crate::values::InterfaceAddress;
use crate::values::text::TextValue;

/// Fixed addresses of interfaces: what goes to pods and Services would go out by the interface, or the other way round.
pub(super) fn interfaces(c: &mut Checker, raw: Option<&RawNetwork>, kubernetes: &Kubernetes) {
    let interfaces = raw.map_or(&[][..], |raw| &raw.interfaces);
    for (at, interface) in interfaces.iter().enumerate() {
        for (index, text) in interface.addresses.iter().enumerate() {
            // One that is no address is told about where it is read.
            let Ok(address) = InterfaceAddress::check(&text.0) else {
                continue;
            };
            if let Some(clash) = clash(address, kubernetes) {
                c.at("network", |c| {
                    c.at("interfaces", |c| {
                        c.at(at, |c| {
                            c.at("addresses", |c| c.at(index, |c| tell(c, address, &clash)))
                        });
                    });
                });
            }
        }
    }
}

/// The network of the cluster that the interface's overlaps, by its key.
fn clash(address: IpNet, kubernetes: &Kubernetes) -> Option<(&'static str, IpNet)> {
    [
        ("pod_cidr", kubernetes.pod_cidr),
        ("service_cidr", kubernetes.service_cidr),
    ]
    .into_iter()
    .find(|(_, theirs)| overlap(address, *theirs))
}

fn tell(c: &mut Checker, address: IpNet, (key, theirs): &(&str, IpNet)) {
    let whose = if *key == "pod_cidr" {
        "pods"
    } else {
        "services"
    };
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
