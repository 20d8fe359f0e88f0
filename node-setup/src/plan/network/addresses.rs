//! The sections `[ipv4]` and `[ipv6]` of a profile.
//!
//! NetworkManager throws a whole profile away for one property that does not go with a family's method, and the interface
//! falls back to DHCP. So name servers stand only where there is a method that can have addresses, and a gateway only beside
//! an address.

use super::Keyfile;
use crate::network_manager::Fixed;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use os_config::{Dns, Interface};
use std::net::IpAddr;

/// How a family gets its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Auto,
    Manual,
    LinkLocal,
    Disabled,
}

impl Method {
    fn word(self) -> &'static str {
        match self {
            Method::Auto => "auto",
            Method::Manual => "manual",
            Method::LinkLocal => "link-local",
            Method::Disabled => "disabled",
        }
    }

    fn leads_out(self) -> bool {
        self != Method::Disabled
    }

    fn takes_name_servers(self) -> bool {
        matches!(self, Method::Auto | Method::Manual)
    }
}

/// Writes both sections; without an interface, those of one without settings. Of several ways out, that with the lowest
/// `metric` is taken as long as it is there; without one, NetworkManager gives each card its own, from 100 on.
pub(super) fn addresses(
    file: &mut Keyfile,
    interface: Option<&Interface>,
    metric: Option<usize>,
    dns: &Dns,
) {
    for family in ["ipv4", "ipv6"] {
        file.section(family);
        let (method, is_of): (_, fn(&IpAddr) -> bool) = if family == "ipv4" {
            (ipv4(file, interface), IpAddr::is_ipv4)
        } else {
            (ipv6(file, interface), IpAddr::is_ipv6)
        };
        if let (Some(metric), true) = (metric, method.leads_out()) {
            file.set("route-metric", metric.to_string());
        }
        names(file, method, interface, dns, is_of);
    }
}

/// What the profile of an interface fixes of addresses, routes and name servers, for who looks later whether it is so.
pub(super) fn fixed_by(interface: Option<&Interface>, dns: &Dns) -> Fixed {
    let methods = [
        (ipv4_method(interface), true),
        (ipv6_method(interface), false),
    ];
    let method = |is_ipv4: bool| methods[usize::from(!is_ipv4)].0;
    let has_any = |address: &IpAddr| method(address.is_ipv4()) != Method::Disabled;
    let has_names = |address: &&IpAddr| method(address.is_ipv4()).takes_name_servers();
    let mut fixed = Fixed::default();
    for dns in [Some(dns), interface.map(|interface| &interface.dns)] {
        let servers = dns.into_iter().flat_map(|dns| &dns.nameservers);
        fixed.name_servers.extend(servers.filter(has_names));
    }
    let Some(interface) = interface else {
        return fixed;
    };
    let addresses = interface.addresses.iter();
    let addresses = addresses.filter(|net| has_any(&net.addr()));
    fixed.addresses = addresses.copied().collect();
    let gateways = [
        interface.gateway4.map(IpAddr::V4),
        interface.gateway6.map(IpAddr::V6),
    ];
    for via in gateways.into_iter().flatten().filter(has_any) {
        fixed.routes.push((everything(&via), Some(via)));
        if !inside(interface, via) {
            fixed.routes.push((IpNet::from(via), None));
        }
    }
    let routes = interface.routes.iter();
    let routes = routes.filter(|route| has_any(&route.to.addr()));
    fixed
        .routes
        .extend(routes.map(|route| (route.to, route.via)));
    fixed
}

/// All addresses of a family.
fn everything(of: &IpAddr) -> IpNet {
    match of {
        IpAddr::V4(_) => IpNet::from(Ipv4Net::default()),
        IpAddr::V6(_) => IpNet::from(Ipv6Net::default()),
    }
}

fn ipv4_method(interface: Option<&Interface>) -> Method {
    let is_fixed = interface.is_some_and(|one| one.addresses.iter().any(is_ipv4));
    match interface.map(|interface| (interface.dhcp4, is_fixed)) {
        None | Some((true, _)) => Method::Auto,
        Some((false, true)) => Method::Manual,
        Some((false, false)) => Method::Disabled,
    }
}

/// Whether all that the card has of IPv4 is fixed.
pub(super) fn has_fixed_ipv4_alone(interface: &Interface) -> bool {
    ipv4_method(Some(interface)) == Method::Manual
}

fn ipv6_method(interface: Option<&Interface>) -> Method {
    let is_fixed = interface.is_some_and(|one| one.addresses.iter().any(is_ipv6));
    match interface.map(|interface| (interface.ipv6, interface.auto6, is_fixed)) {
        Some((false, ..)) => Method::Disabled,
        None | Some((true, true, _)) => Method::Auto,
        Some((true, false, true)) => Method::Manual,
        Some((true, false, false)) => Method::LinkLocal,
    }
}

fn ipv4(file: &mut Keyfile, interface: Option<&Interface>) -> Method {
    let method = ipv4_method(interface);
    file.set("method", method.word());
    if method == Method::Auto {
        // The server knows the machine by its address, not by an id that a new root would change.
        file.set("dhcp-client-id", "mac");
    }
    if let Some(interface) = interface {
        fixed(file, interface, interface.gateway4.map(IpAddr::V4), is_ipv4);
    }
    method
}

fn ipv6(file: &mut Keyfile, interface: Option<&Interface>) -> Method {
    let method = ipv6_method(interface);
    file.set("method", method.word());
    if method == Method::Disabled {
        return method;
    }
    file.set("addr-gen-mode", "eui64");
    if let Some(interface) = interface {
        fixed(file, interface, interface.gateway6.map(IpAddr::V6), is_ipv6);
    }
    method
}

fn is_ipv4(net: &IpNet) -> bool {
    matches!(net, IpNet::V4(_))
}

fn is_ipv6(net: &IpNet) -> bool {
    matches!(net, IpNet::V6(_))
}

/// What the configuration fixes of a family: addresses, gateway, routes.
fn fixed(
    file: &mut Keyfile,
    interface: &Interface,
    gateway: Option<IpAddr>,
    family: fn(&IpNet) -> bool,
) {
    let of_family = interface.addresses.iter().filter(|net| family(net));
    let addresses: Vec<String> = of_family.map(ToString::to_string).collect();
    number(file, "address", &addresses);
    let mut routes = Vec::new();
    match gateway {
        // A router on the link (fe80::1) needs no address of ours; NetworkManager takes it as a route alone.
        Some(via) if addresses.is_empty() => {
            let everything = if via.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
            routes.push(format!("{everything},{via}"));
        }
        Some(via) => {
            file.set("gateway", via.to_string());
            if !inside(interface, via) {
                routes.push(format!(
                    "{},{}",
                    IpNet::from(via),
                    unspecified(via.is_ipv4())
                ));
            }
        }
        None => {}
    }
    for route in interface.routes.iter().filter(|route| family(&route.to)) {
        let direct = || unspecified(is_ipv4(&route.to)).to_owned();
        let via = route.via.map_or_else(direct, |via| via.to_string());
        let metric = route
            .metric
            .map_or(String::new(), |metric| format!(",{metric}"));
        routes.push(format!("{},{via}{metric}", route.to));
    }
    number(file, "route", &routes);
}

/// No gateway: the network is on the link itself.
fn unspecified(is_ipv4: bool) -> &'static str {
    if is_ipv4 { "0.0.0.0" } else { "::" }
}

/// Whether the way to a router is known already: it is in a network of the interface, or link-local.
fn inside(interface: &Interface, router: IpAddr) -> bool {
    let link_local = matches!(router, IpAddr::V6(router) if router.is_unicast_link_local());
    link_local || interface.addresses.iter().any(|net| net.contains(&router))
}

/// `key1`, `key2`, …
fn number(file: &mut Keyfile, key: &str, values: &[String]) {
    for (index, value) in values.iter().enumerate() {
        file.set(&format!("{key}{}", index + 1), value);
    }
}

/// The machine's servers before the interface's; what DHCP says comes after both.
fn names(
    file: &mut Keyfile,
    method: Method,
    interface: Option<&Interface>,
    machine: &Dns,
    family: fn(&IpAddr) -> bool,
) {
    if !method.takes_name_servers() {
        return;
    }
    let sources = [Some(machine), interface.map(|interface| &interface.dns)];
    let mut servers: Vec<String> = Vec::new();
    let mut search: Vec<String> = Vec::new();
    for dns in sources.into_iter().flatten() {
        let of_family = dns.nameservers.iter().filter(|address| family(address));
        servers.extend(of_family.map(ToString::to_string));
        search.extend(dns.search.iter().map(ToString::to_string));
    }
    file.list("dns", &servers);
    file.list("dns-search", &search);
}
