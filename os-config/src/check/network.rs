//! The network as a whole.

use super::Checker;
use super::checker::repeated;
use super::dns::dns;
use super::interface;
use crate::config::{Network, Proxy, Wifi};
use crate::raw::{RawNetwork, RawWifi};

pub(super) fn network(c: &mut Checker, raw: Option<&RawNetwork>) -> Network {
    let Some(raw) = raw else {
        return Network::default();
    };
    c.at("network", |c| Network {
        dns: dns(c, raw.dns.as_ref()),
        interfaces: interface::interfaces(c, &raw.interfaces),
        wifi: wireless(c, &raw.wifi),
        last_resort: raw.last_resort.unwrap_or(true),
        proxy: proxy(c, raw),
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
