//! NetworkManager: its own settings, and a profile for each interface and wireless network.
//!
//! NetworkManager makes no profiles itself; interfaces without settings take the profile `holdfast-default`. So everything
//! that is set for the whole machine (DNS) reaches them as well.

use super::MADE;
use super::keyfile::Keyfile;
use crate::facts::Facts;
use crate::step::Step;
use ipnet::IpNet;
use os_config::{Config, Dns, Interface, InterfaceMatch, Network, Wifi};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

const PROFILES: &str = "/run/NetworkManager/system-connections";

/// Interfaces that pods and their network make: NetworkManager must never touch them.
const OURS: &str = "interface-name:cni*;interface-name:flannel*;interface-name:veth*;interface-name:cali*;interface-name:vxlan.calico;\
interface-name:cilium*;interface-name:lxc*;interface-name:kube-*;interface-name:nodelocaldns;interface-name:tunl*;\
interface-name:wg-*;interface-name:docker*;interface-name:holdfast0;type:veth;type:dummy;type:tun;type:vxlan";

pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    let mut steps = vec![
        Step::file("/etc/NetworkManager/NetworkManager.conf", 0o644, manager()),
        Step::dir("/run/NetworkManager", 0o755),
        Step::dir(PROFILES, 0o700),
        // NetworkManager keeps this file up to date; the link also stands before it runs and without any network.
        Step::Link {
            path: "/etc/resolv.conf".into(),
            target: "/run/NetworkManager/resolv.conf".into(),
        },
    ];
    let profiles = profiles(&config.network);
    for (name, text) in &profiles {
        steps.push(Step::file(
            Path::new(PROFILES).join(name),
            0o600,
            text.as_str(),
        ));
    }
    let stale = facts
        .profiles
        .keys()
        .filter(|name| name.starts_with("holdfast-") && !profiles.contains_key(*name));
    steps.extend(stale.map(|name| Step::Remove {
        path: Path::new(PROFILES).join(name),
    }));
    steps
}

fn manager() -> String {
    let mut file = Keyfile::default();
    file.section("main");
    file.set("plugins", "keyfile");
    file.set("dhcp", "internal");
    file.set("no-auto-default", "*");
    // A router that comes back after the node is found, however long it took.
    file.set("autoconnect-retries-default", "0");
    // The name of a node is its identity: no DHCP server changes it.
    file.set("hostname-mode", "none");
    file.set("dns", "default");
    file.set("rc-manager", "unmanaged");
    file.set("systemd-resolved", "false");
    file.set("auth-polkit", "root-only");
    file.set("firewall-backend", "none");
    file.section("keyfile");
    file.set("unmanaged-devices", OURS);
    file.section("connectivity");
    file.set("enabled", "false");
    file.section("device");
    // A random address while scanning makes some access points refuse.
    file.set("wifi.scan-rand-mac-address", "no");
    format!("{MADE}{}", file.finish())
}

/// Profiles by file name.
fn profiles(network: &Network) -> BTreeMap<String, String> {
    let mut profiles = BTreeMap::new();
    let mut add =
        |name: String, text: String| profiles.insert(format!("holdfast-{name}.nmconnection"), text);
    add(
        "default".to_owned(),
        ethernet("holdfast-default", None, network),
    );
    for interface in &network.interfaces {
        if is_wireless(interface) {
            continue;
        }
        let name = match &interface.select {
            // A slash cannot be in the name; other characters are fine in a file name.
            InterfaceMatch::Name(name) => name.to_string(),
            InterfaceMatch::Mac(mac) => mac.as_str().replace(':', ""),
        };
        add(
            name.clone(),
            ethernet(&format!("holdfast-{name}"), Some(interface), network),
        );
    }
    for (index, wifi) in network.wifi.iter().enumerate() {
        add(format!("wifi-{index}"), wireless(index, wifi, network));
    }
    profiles
}

/// Settings of an interface that is called as the kernel calls wireless ones go into the wireless profiles.
fn is_wireless(interface: &Interface) -> bool {
    matches!(&interface.select, InterfaceMatch::Name(name) if name.as_str().starts_with("wl"))
}

fn ethernet(id: &str, interface: Option<&Interface>, network: &Network) -> String {
    let mut file = Keyfile::default();
    file.section("connection");
    file.set("id", id);
    file.set("type", "ethernet");
    match interface.map(|interface| &interface.select) {
        Some(InterfaceMatch::Name(name)) => file.set("interface-name", name.as_str()),
        Some(InterfaceMatch::Mac(_)) => {}
        None => {
            // For every interface without a profile of its own, several at a time.
            file.set("autoconnect-priority", "-100");
            file.set("multi-connect", "3");
        }
    }
    file.section("ethernet");
    if let Some(Interface {
        select: InterfaceMatch::Mac(mac),
        ..
    }) = interface
    {
        file.set("mac-address", mac.as_str());
    }
    if let Some(mtu) = interface.and_then(|interface| interface.mtu) {
        file.set("mtu", mtu.to_string());
    }
    addresses(&mut file, interface, &network.dns);
    file.finish()
}

fn wireless(index: usize, wifi: &Wifi, network: &Network) -> String {
    let interface =
        network
            .interfaces
            .iter()
            .find(|interface| match (&wifi.interface, &interface.select) {
                (Some(wanted), InterfaceMatch::Name(name)) => wanted == name,
                (None, _) => is_wireless(interface),
                (Some(_), InterfaceMatch::Mac(_)) => false,
            });
    let mut file = Keyfile::default();
    file.section("connection");
    file.set("id", format!("holdfast-wifi-{index}"));
    file.set("type", "wifi");
    if let Some(name) = &wifi.interface {
        file.set("interface-name", name.as_str());
    }
    // The list is in order of preference.
    file.set(
        "autoconnect-priority",
        (100 - i64::try_from(index).unwrap_or(100))
            .max(0)
            .to_string(),
    );
    file.section("wifi");
    file.set("mode", "infrastructure");
    file.bytes("ssid", wifi.ssid.as_str().as_bytes());
    if wifi.hidden {
        file.set("hidden", "true");
    }
    if let Some(mtu) = interface.and_then(|interface| interface.mtu) {
        file.set("mtu", mtu.to_string());
    }
    if let Some(passphrase) = &wifi.passphrase {
        file.section("wifi-security");
        file.set("key-mgmt", "wpa-psk");
        file.set("psk", passphrase.reveal());
    }
    addresses(&mut file, interface, &network.dns);
    file.finish()
}

fn addresses(file: &mut Keyfile, interface: Option<&Interface>, dns: &Dns) {
    file.section("ipv4");
    ipv4(file, interface);
    names(file, interface, dns, IpAddr::is_ipv4);
    file.section("ipv6");
    ipv6(file, interface);
    names(file, interface, dns, IpAddr::is_ipv6);
}

fn ipv4(file: &mut Keyfile, interface: Option<&Interface>) {
    // The server knows the machine by its address, not by an id that a new root would change.
    let client_id = |file: &mut Keyfile| file.set("dhcp-client-id", "mac");
    let Some(interface) = interface else {
        file.set("method", "auto");
        return client_id(file);
    };
    let fixed = fixed(interface, |net| matches!(net, IpNet::V4(_)));
    match (interface.dhcp4, fixed.is_empty()) {
        (true, _) => {
            file.set("method", "auto");
            client_id(file);
        }
        (false, false) => file.set("method", "manual"),
        (false, true) => file.set("method", "disabled"),
    }
    number(file, "address", &fixed);
    if let Some(gateway) = interface.gateway4 {
        file.set("gateway", gateway.to_string());
    }
    routes(file, interface, |net| matches!(net, IpNet::V4(_)));
}

fn ipv6(file: &mut Keyfile, interface: Option<&Interface>) {
    let Some(interface) = interface else {
        file.set("method", "auto");
        return file.set("addr-gen-mode", "eui64");
    };
    let fixed = fixed(interface, |net| matches!(net, IpNet::V6(_)));
    match (interface.ipv6, interface.auto6, fixed.is_empty()) {
        (false, ..) => return file.set("method", "disabled"),
        (true, true, _) => file.set("method", "auto"),
        (true, false, false) => file.set("method", "manual"),
        (true, false, true) => file.set("method", "link-local"),
    }
    file.set("addr-gen-mode", "eui64");
    number(file, "address", &fixed);
    if let Some(gateway) = interface.gateway6 {
        file.set("gateway", gateway.to_string());
    }
    routes(file, interface, |net| matches!(net, IpNet::V6(_)));
}

fn fixed(interface: &Interface, family: impl Fn(&IpNet) -> bool) -> Vec<String> {
    interface
        .addresses
        .iter()
        .filter(|net| family(net))
        .map(ToString::to_string)
        .collect()
}

fn routes(file: &mut Keyfile, interface: &Interface, family: impl Fn(&IpNet) -> bool) {
    let mut all = Vec::new();
    for route in interface.routes.iter().filter(|route| family(&route.to)) {
        let unspecified = if matches!(route.to, IpNet::V4(_)) {
            "0.0.0.0"
        } else {
            "::"
        };
        let via = route
            .via
            .map_or(unspecified.to_owned(), |via| via.to_string());
        let metric = route
            .metric
            .map_or(String::new(), |metric| format!(",{metric}"));
        all.push(format!("{},{via}{metric}", route.to));
    }
    number(file, "route", &all);
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
    interface: Option<&Interface>,
    machine: &Dns,
    family: fn(&IpAddr) -> bool,
) {
    let sources = [Some(machine), interface.map(|interface| &interface.dns)];
    let mut servers: Vec<String> = Vec::new();
    let mut search: Vec<String> = Vec::new();
    for dns in sources.into_iter().flatten() {
        servers.extend(
            dns.nameservers
                .iter()
                .filter(|address| family(address))
                .map(ToString::to_string),
        );
        search.extend(dns.search.iter().map(ToString::to_string));
    }
    file.list("dns", &servers);
    file.list("dns-search", &search);
}
