//! ConnMan's service files: the only way to a fixed address in k3OS, a few keys here.

use std::net::Ipv4Addr;

use super::draft::{Draft, list, map, text};
use crate::tree::{Node, Span};

/// Turns a `.config` file into interfaces and wireless networks; false when it says nothing of either.
pub(super) fn services(draft: &mut Draft, path: &str, content: &str, span: Span) -> bool {
    let services = sections(content);
    let mut any = false;
    for (name, settings) in &services {
        let get = |key: &str| {
            let found = settings
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key));
            found.map(|(_, value)| value.as_str())
        };
        match get("Type") {
            Some("wifi") => {
                any = true;
                wifi(draft, get, span);
            }
            Some("ethernet") => {
                any = true;
                ethernet(draft, name, get, path, span);
            }
            _ => {}
        }
    }
    if any {
        draft.changed(
            span,
            path,
            "what it says is in `network` now: look it through",
        );
    }
    any
}

type Section = (String, Vec<(String, String)>);

/// The `[service_NAME]` sections of the file.
fn sections(content: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in content.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix("[service_")
            .and_then(|rest| rest.strip_suffix(']'))
        {
            sections.push((name.to_owned(), Vec::new()));
        } else if let (Some((key, value)), Some((_, settings))) =
            (line.split_once('='), sections.last_mut())
        {
            settings.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    sections
}

fn wifi<'a>(draft: &mut Draft, get: impl Fn(&str) -> Option<&'a str>, span: Span) {
    let mut members = Vec::new();
    if let Some(name) = get("Name") {
        members.push(("name", text(span, name)));
    }
    if let Some(passphrase) = get("Passphrase") {
        members.push(("passphrase", text(span, passphrase)));
    }
    draft.push(&["network", "wifi"], map(span, members));
}

fn ethernet<'a>(
    draft: &mut Draft,
    section: &str,
    get: impl Fn(&str) -> Option<&'a str>,
    path: &str,
    span: Span,
) {
    let mut members: Vec<(&str, Node)> = Vec::new();
    match (get("DeviceName"), get("MAC")) {
        (Some(device), _) => members.push(("name", text(span, device))),
        (None, Some(mac)) => members.push(("match", map(span, vec![("mac", text(span, mac))]))),
        (None, None) if looks_like_a_device(section) => members.push(("name", text(span, section))),
        (None, None) => {
            draft.changed(
                span,
                path,
                "it names no interface: eth0 is taken, write the right name from `ip link`",
            );
            members.push(("name", text(span, "eth0")));
        }
    }
    address4(draft, get("IPv4"), &mut members, path, span);
    if get("IPv6").is_some_and(|mode| mode == "off") {
        members.push(("ipv6", text(span, "off")));
    }
    let mut dns = Vec::new();
    for (key, ours) in [
        ("Nameservers", "nameservers"),
        ("SearchDomains", "search"),
        ("Domain", "search"),
    ] {
        let words = get(key)
            .unwrap_or_default()
            .split([',', ' '])
            .filter(|word| !word.is_empty());
        let words: Vec<Node> = words.map(|word| text(span, word)).collect();
        if !words.is_empty() && dns.iter().all(|(key, _)| *key != ours) {
            dns.push((ours, list(span, words)));
        }
    }
    if !dns.is_empty() {
        members.push(("dns", map(span, dns)));
    }
    draft.push(&["network", "interfaces"], map(span, members));
}

fn looks_like_a_device(name: &str) -> bool {
    ["eth", "en", "wl"].iter().any(|prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.contains(|c: char| c.is_ascii_digit()))
    })
}

/// `IPv4 = off | dhcp | ADDRESS/MASK/GATEWAY`, the mask as a length or in dots.
fn address4(
    draft: &mut Draft,
    setting: Option<&str>,
    members: &mut Vec<(&str, Node)>,
    path: &str,
    span: Span,
) {
    let setting = match setting {
        None | Some("dhcp") => return,
        Some("off") => {
            members.push(("dhcp", super::draft::truth(span, false)));
            return;
        }
        Some(setting) => setting,
    };
    let mut parts = setting.split('/');
    let (address, mask, gateway) = (parts.next(), parts.next(), parts.next());
    let length = mask.and_then(|mask| match mask.parse::<Ipv4Addr>() {
        Ok(mask) => Some(u32::from(mask).leading_ones()),
        Err(_) => mask.parse().ok(),
    });
    let (Some(address), Some(length)) = (address, length) else {
        draft.lost(span, path, format!("IPv4={setting} is not understood"));
        return;
    };
    let address = text(span, format!("{address}/{length}"));
    members.push(("addresses", list(span, vec![address])));
    if let Some(gateway) = gateway.filter(|gateway| !gateway.is_empty()) {
        members.push(("gateway", text(span, gateway)));
    }
}
