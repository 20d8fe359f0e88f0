//! The network as a whole.

use std::net::IpAddr;

use super::Checker;
use super::checker::repeated;
use super::config::text;
use super::interface;
use crate::config::{Dns, Network, Proxy, Wifi};
use crate::raw::{RawDns, RawNetwork, RawWifi};
use crate::values::text::quoted;
use crate::values::{DomainName, HttpUrl, InterfaceName, Invalid, Ssid, WifiPassphrase};

pub(super) fn network(c: &mut Checker, raw: Option<&RawNetwork>) -> Network {
    let Some(raw) = raw else {
        return Network::default();
    };
    c.at("network", |c| Network {
        dns: dns(c, raw.dns.as_ref()),
        interfaces: interface::interfaces(c, &raw.interfaces),
        wifi: wireless(c, &raw.wifi),
        proxy: proxy(c, raw),
    })
}

pub(super) fn dns(c: &mut Checker, raw: Option<&RawDns>) -> Dns {
    let Some(raw) = raw else {
        return Dns::default();
    };
    c.at("dns", |c| Dns {
        nameservers: c.texts("nameservers", &raw.nameservers, address),
        search: c.texts("search", &raw.search, DomainName::parse),
    })
}

/// An IP address without prefix length.
pub(super) fn address(text: &str) -> Result<IpAddr, Invalid> {
    text.parse().map_err(|_| {
        let help = if text.contains('/') {
            "leave out the prefix length after the slash"
        } else {
            "write it like 192.168.1.1 or 2001:db8::1"
        };
        Invalid::new(format!("{} is not an IP address", quoted(text)), help)
    })
}

fn wireless(c: &mut Checker, raw: &[RawWifi]) -> Vec<Wifi> {
    let networks = c.list("wifi", raw, |c, raw| {
        if raw.name.is_none() {
            c.missing("name", "write the name of the wireless network");
        }
        let ssid = c.value("name", text(&raw.name), Ssid::parse);
        let passphrase = c.value("passphrase", text(&raw.passphrase), WifiPassphrase::parse);
        let interface = c.value("interface", raw.interface.as_deref(), InterfaceName::parse);
        Some(Wifi {
            ssid: ssid?,
            passphrase,
            interface,
            hidden: raw.hidden.unwrap_or(false),
        })
    });
    let double = repeated(&networks, |wifi| {
        (wifi.ssid.clone(), wifi.interface.clone())
    });
    if let (Some(at), true) = (double, networks.len() == raw.len()) {
        c.at("wifi", |c| {
            c.at(at, |c| {
                c.wrong(
                    "this wireless network is listed already",
                    "keep one of the two",
                );
            });
        });
    }
    networks
}

fn proxy(c: &mut Checker, raw: &RawNetwork) -> Proxy {
    let Some(raw) = &raw.proxy else {
        return Proxy::default();
    };
    c.at("proxy", |c| {
        let entries = raw.no_proxy.as_ref().map_or(&[][..], |list| &list.0);
        let direct: Vec<Vec<String>> = c.texts("no_proxy", entries, no_proxy);
        Proxy {
            http: c.value("http", raw.http.as_deref(), HttpUrl::parse),
            https: c.value("https", raw.https.as_deref(), HttpUrl::parse),
            no_proxy: direct.into_iter().flatten().collect(),
        }
    })
}

/// One entry of `no_proxy`; people write several with commas, as in the variable.
fn no_proxy(text: &str) -> Result<Vec<String>, Invalid> {
    let entries: Vec<String> = text
        .split(',')
        .map(|entry| entry.trim().to_owned())
        .filter(|entry| !entry.is_empty())
        .collect();
    let blank = |entry: &String| entry.chars().any(|c| c.is_whitespace() || c.is_control());
    if entries.is_empty() || entries.iter().any(blank) {
        return Err(Invalid::new(
            format!("{} is not a host, domain or network", quoted(text)),
            "write entries like .shop.example, registry.example or 192.168.0.0/16",
        ));
    }
    Ok(entries)
}
