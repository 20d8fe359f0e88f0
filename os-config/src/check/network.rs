//! The network as a whole.

use super::Checker;
use super::checker::repeated;
use super::dns::dns;
use super::interface;
use crate::config::{Firewall, Network, Proxy, Wifi};
use crate::raw::{OneOrMany, RawFirewall, RawNetwork, RawWifi, Text};
use crate::values::Source;

pub(super) fn network(c: &mut Checker, raw: Option<&RawNetwork>) -> Network {
    let Some(raw) = raw else {
        return Network::default();
    };
    c.at("network", |c| Network {
        dns: dns(c, raw.dns.as_ref()),
        interfaces: interface::interfaces(c, &raw.interfaces),
        wifi: wireless(c, &raw.wifi),
        wifi_country: c.value("wifi_country", &raw.wifi_country),
        last_resort: raw.last_resort.unwrap_or(true),
        firewall: firewall(c, raw.firewall.as_ref()),
        proxy: proxy(c, raw),
    })
}

fn firewall(c: &mut Checker, raw: Option<&RawFirewall>) -> Firewall {
    let Some(raw) = raw else {
        return Firewall::default();
    };
    c.at("firewall", |c| {
        let mut from = |key: &str, list: &Option<OneOrMany<Text<Source>>>| {
            list.as_ref().map(|list| c.texts(key, &list.0))
        };
        Firewall {
            enabled: raw.enabled.unwrap_or(true),
            ssh_from: from("ssh_from", &raw.ssh_from),
            api_from: from("api_from", &raw.api_from),
            kubelet_from: from("kubelet_from", &raw.kubelet_from),
            pods_from: from("pods_from", &raw.pods_from),
        }
    })
}

fn wireless(c: &mut Checker, raw: &[RawWifi]) -> Vec<Wifi> {
    let networks = c.list("wifi", raw, |c, raw| {
        if raw.name.is_none() {
            c.missing("name", "write the name of the wireless network");
        }
        let ssid = c.value("name", &raw.name);
        let passphrase = c.value("passphrase", &raw.passphrase);
        let interface = c.value("interface", &raw.interface);
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
        let direct: Vec<Vec<String>> = c.texts("no_proxy", entries);
        Proxy {
            http: c.value("http", &raw.http),
            https: c.value("https", &raw.https),
            no_proxy: direct.into_iter().flatten().collect(),
        }
    })
}
