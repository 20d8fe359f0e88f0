//! NetworkManager: its own settings, and a profile for each interface and wireless network.
//!
//! NetworkManager makes no profiles itself; interfaces without settings take the profile `holdfast-default`. So everything
//! that is set for the whole machine (DNS) reaches them as well.

mod addresses;

use super::heading::MADE;
use super::keyfile::Keyfile;
use crate::facts::Facts;
use crate::network_manager::{For, Profile};
use crate::step::{OnFailure, Step};
use addresses::{addresses, fixed_by, has_fixed_ipv4_alone};
use init_api::interface::INSIDE;
use os_config::{Config, Interface, InterfaceMatch, Network, Wifi};
use std::collections::BTreeMap;
use std::path::Path;

/// The first interface of the file.
const FIRST_METRIC: usize = 50;
/// NetworkManager itself begins with 100.
const LAST_METRIC: usize = 99;
const PROFILES: &str = "/run/NetworkManager/system-connections";

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
    steps.extend(country(&config.network));
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
    steps.extend(unused(&config.network, facts).map(Step::Warn));
    steps
}

/// Settings of radios that go into no profile, in words.
fn unused<'a>(network: &'a Network, facts: &'a Facts) -> impl Iterator<Item = String> + 'a {
    network.interfaces.iter().filter_map(|interface| {
        let (radio, why) = match &interface.select {
            InterfaceMatch::Name(name) => {
                let used = |wifi| settings(wifi, network) == Some(interface);
                if !is_wireless(interface) || network.wifi.iter().any(used) {
                    return None;
                }
                (name.as_str(), "no entry of `network.wifi` is for it")
            }
            InterfaceMatch::Mac(mac) => {
                let radio = facts.radios.get(mac.as_str())?;
                (
                    radio.as_str(),
                    "a radio is picked by `name`, not by `match`",
                )
            }
        };
        Some(format!(
            "network.interfaces: the settings of the radio {radio} are not used: {why}"
        ))
    })
}

/// The country of the radios: for a module that is loaded later, and for one that is there.
fn country(network: &Network) -> Vec<Step> {
    let Some(country) = &network.wifi_country else {
        return Vec::new();
    };
    let text = format!("{MADE}options cfg80211 ieee80211_regdom={country}\n");
    vec![
        Step::file("/etc/modprobe.d/holdfast-wifi.conf", 0o644, text),
        Step::WifiCountry {
            country: country.to_string(),
            on_failure: OnFailure::Report,
        },
    ]
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
    file.set("unmanaged-devices", unmanaged());
    file.section("connectivity");
    file.set("enabled", "false");
    file.section("device");
    // A random address while scanning makes some access points refuse.
    file.set("wifi.scan-rand-mac-address", "no");
    format!("{MADE}{}", file.finish())
}

/// The interfaces that NetworkManager must never touch.
fn unmanaged() -> String {
    let mut devices: String = INSIDE
        .iter()
        .map(|prefix| format!("interface-name:{prefix}*;"))
        .collect();
    // A veth is an ethernet by its type, and other networks of pods than ours have names of their own for them.
    devices.push_str("driver:veth;type:dummy;type:tun;type:vxlan");
    devices
}

/// What the profiles are for and what they fixed, in the order in which they are taken.
pub(super) fn wanted(network: &Network) -> Vec<Profile> {
    let mut wanted = Vec::new();
    let ethernet = network.interfaces.iter().filter(|one| !is_wireless(one));
    for interface in ethernet {
        let device = match &interface.select {
            InterfaceMatch::Name(name) => For::Device(name.to_string()),
            InterfaceMatch::Mac(mac) => For::HardwareAddress(mac.as_str().to_ascii_lowercase()),
        };
        wanted.push(Profile {
            name: format!("holdfast-{}", file_name(interface)),
            device,
            fixed: fixed_by(Some(interface), &network.dns),
        });
    }
    for (index, wifi) in network.wifi.iter().enumerate() {
        wanted.push(Profile {
            name: format!("holdfast-wifi-{index}"),
            device: For::Radio(wifi.interface.as_ref().map(ToString::to_string)),
            fixed: fixed_by(settings(wifi, network), &network.dns),
        });
    }
    wanted.push(Profile {
        name: "holdfast-default".to_owned(),
        device: For::AnyCable,
        fixed: fixed_by(None, &network.dns),
    });
    wanted
}

/// A slash cannot be in a name; other characters are fine in a file name.
pub(crate) fn file_name(interface: &Interface) -> String {
    match &interface.select {
        InterfaceMatch::Name(name) => name.to_string(),
        InterfaceMatch::Mac(mac) => mac.as_str().replace(':', ""),
    }
}

/// Profiles by file name.
fn profiles(network: &Network) -> BTreeMap<String, String> {
    let mut profiles = BTreeMap::new();
    let mut add =
        |name: String, text: String| profiles.insert(format!("holdfast-{name}.nmconnection"), text);
    add(
        "default".to_owned(),
        ethernet("holdfast-default", None, network, true),
    );
    for interface in &network.interfaces {
        if is_wireless(interface) {
            continue;
        }
        let name = file_name(interface);
        add(
            name.clone(),
            ethernet(&format!("holdfast-{name}"), Some(interface), network, true),
        );
        if has_last_resort(interface, network) {
            add(
                format!("last-resort-{name}"),
                last_resort(interface, network),
            );
        }
    }
    for (index, wifi) in network.wifi.iter().enumerate() {
        add(format!("wifi-{index}"), wireless(index, wifi, network));
    }
    profiles
}

/// Whether a card has a profile that asks for an address when its fixed ones reach nothing.
pub(crate) fn has_last_resort(interface: &Interface, network: &Network) -> bool {
    network.last_resort && !is_wireless(interface) && has_fixed_ipv4_alone(interface)
}

/// The id of that profile, for the card whose own is `holdfast-NAME`.
pub(crate) fn last_resort_profile(name: &str) -> String {
    format!("holdfast-last-resort-{name}")
}

/// The card's own addresses, and DHCP beside them. Not its gateway and routes: those reach nothing, and would win over what DHCP
/// says. NetworkManager never takes it by itself.
fn last_resort(interface: &Interface, network: &Network) -> String {
    let asking = Interface {
        dhcp4: true,
        gateway4: None,
        routes: interface
            .routes
            .iter()
            .filter(|route| route.to.addr().is_ipv6() || route.via.is_none())
            .cloned()
            .collect(),
        ..interface.clone()
    };
    let id = last_resort_profile(&file_name(interface));
    ethernet(&id, Some(&asking), network, false)
}

/// Settings of an interface that is called as the kernel calls wireless ones go into the wireless profiles.
fn is_wireless(interface: &Interface) -> bool {
    matches!(&interface.select, InterfaceMatch::Name(name) if name.as_str().starts_with("wl"))
}

fn ethernet(id: &str, interface: Option<&Interface>, network: &Network, automatic: bool) -> String {
    let mut file = Keyfile::default();
    file.section("connection");
    file.set("id", id);
    file.set("type", "ethernet");
    if !automatic {
        file.set("autoconnect", "false");
    }
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
    addresses(
        &mut file,
        interface,
        metric(interface, network),
        &network.dns,
    );
    file.finish()
}

/// Cables are preferred in the order of the file, and before those that it does not name.
fn metric(interface: Option<&Interface>, network: &Network) -> Option<usize> {
    let wanted = &interface?.select;
    let place = network
        .interfaces
        .iter()
        .position(|one| one.select == *wanted)?;
    Some((FIRST_METRIC + place).min(LAST_METRIC))
}

/// The entry of `network.interfaces` that a wireless network's profile takes its settings from.
fn settings<'a>(wifi: &Wifi, network: &'a Network) -> Option<&'a Interface> {
    let is_for = |interface: &&Interface| match (&wifi.interface, &interface.select) {
        (Some(wanted), InterfaceMatch::Name(name)) => wanted == name,
        (None, _) => is_wireless(interface),
        (Some(_), InterfaceMatch::Mac(_)) => false,
    };
    network.interfaces.iter().find(is_for)
}

fn wireless(index: usize, wifi: &Wifi, network: &Network) -> String {
    let interface = settings(wifi, network);
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
    // Behind every cable, as NetworkManager has it.
    addresses(&mut file, interface, None, &network.dns);
    file.finish()
}
