//! One service: an interface, a wireless network, or both.

use super::address::{Setting, four, six};
use super::file::Section;
use super::place::Place;
use crate::coerce;
use crate::draft::{Draft, list, map, text, truth};
use os_config::tree::{Node, Span};

type Members = Vec<(&'static str, Node)>;

/// A wired service is an interface.
pub(super) fn ethernet(draft: &mut Draft, section: &mut Section, place: Place) {
    section.take("Type");
    let settings = settings(draft, section, place);
    // The name of a section is for people, and stands for any wired interface: it is a guess like another.
    let called = section.name().to_owned();
    let guess = if looks_like_a_device(&called) {
        called.as_str()
    } else {
        "eth0"
    };
    let mut members = select(draft, section, place, guess);
    members.extend(settings);
    draft.push(&["network", "interfaces"], map(place.span, members));
}

/// With a passphrase a network is WPA, without it an open one. One that should be anything else is not joined: an open
/// network of its name could be anyone's.
pub(super) fn is_secured_otherwise(section: &Section) -> bool {
    let usual = match section.get("Passphrase") {
        Some(_) => "psk",
        None => "none",
    };
    section.get("EAP").is_some() || section.get("Security").is_some_and(|words| words != usual)
}

/// A wireless service is a network to join, and an interface when it says how that is set up.
pub(super) fn wifi(draft: &mut Draft, section: &mut Section, place: Place) {
    let span = place.span;
    section.take("Type");
    section.take("Security");
    let mut network: Members = Vec::new();
    if let Some(name) = ssid(section) {
        network.push(("name", text(span, name)));
    }
    if let Some(passphrase) = section.take("Passphrase") {
        network.push(("passphrase", text(span, passphrase)));
    }
    hidden(section, span, &mut network);
    let settings = settings(draft, section, place);
    if !settings.is_empty() {
        let mut members = select(draft, section, place, "wlan0");
        members.extend(settings);
        draft.push(&["network", "interfaces"], map(span, members));
    } else if let Some(device) = section.take("DeviceName") {
        network.push(("interface", text(span, device)));
    }
    draft.push(&["network", "wifi"], map(span, network));
}

/// The network's name: `SSID`, in hexadecimal digits, goes before `Name`.
fn ssid(section: &mut Section) -> Option<String> {
    let digits = section.take("SSID");
    let name = digits.as_deref().and_then(from_hexadecimal);
    match (name, digits) {
        (Some(name), _) => {
            if section.get("Name") == Some(&name) {
                section.take("Name");
            }
            Some(name)
        }
        (None, Some(digits)) => {
            section.settings.push(("SSID".to_owned(), digits));
            section.take("Name")
        }
        (None, None) => section.take("Name"),
    }
}

fn from_hexadecimal(digits: &str) -> Option<String> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}

fn hidden(section: &mut Section, span: Span, network: &mut Members) {
    let Some(words) = section.take("Hidden") else {
        return;
    };
    match coerce::truth(&text(span, words.as_str())) {
        Some(true) => network.push(("hidden", truth(span, true))),
        Some(false) => {}
        None => section.settings.push(("Hidden".to_owned(), words)),
    }
}

/// How the interface is picked: by name, by hardware address, or as a guess.
fn select(draft: &mut Draft, section: &mut Section, place: Place, guess: &str) -> Members {
    let span = place.span;
    if let Some(device) = section.take("DeviceName") {
        return vec![("name", text(span, device))];
    }
    if let Some(mac) = section.take("MAC") {
        return vec![("match", map(span, vec![("mac", text(span, mac))]))];
    }
    let message =
        format!("it names no interface: {guess} is taken, write the right name from `ip link`");
    draft.changed(span, place.path, message);
    vec![("name", text(span, guess))]
}

fn looks_like_a_device(name: &str) -> bool {
    ["eth", "en", "wl"].iter().any(|prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.contains(|c: char| c.is_ascii_digit()))
    })
}

/// Addresses and DNS. Time servers are the whole machine's.
fn settings(draft: &mut Draft, section: &mut Section, place: Place) -> Members {
    let span = place.span;
    let mut members = addresses(draft, section, place);
    let nameservers = section.take_list("Nameservers");
    let mut search = section.take_list("Domain");
    for domain in section.take_list("SearchDomains") {
        if !search.contains(&domain) {
            search.push(domain);
        }
    }
    let dns: Members = [("nameservers", nameservers), ("search", search)]
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(key, words)| (key, texts(span, &words)))
        .collect();
    if !dns.is_empty() {
        members.push(("dns", map(span, dns)));
    }
    let timeservers = section.take_list("Timeservers");
    if !timeservers.is_empty() {
        let message = "the time servers are in `ntp_servers` now, for the whole machine";
        draft.changed(span, place.path, message);
    }
    for server in timeservers {
        draft.push(&["ntp_servers"], text(span, server));
    }
    members
}

fn addresses(draft: &mut Draft, section: &mut Section, place: Place) -> Members {
    let span = place.span;
    let mut members: Members = Vec::new();
    let (mut fixed, mut gateways) = (Vec::new(), Vec::new());
    for (key, read) in [("IPv4", four as fn(&str) -> Option<Setting>), ("IPv6", six)] {
        let Some(words) = section.take(key) else {
            continue;
        };
        match (key, read(&words)) {
            ("IPv4", Some(Setting::Off)) => members.push(("dhcp", truth(span, false))),
            (_, Some(Setting::Off)) => members.push(("ipv6", text(span, "off"))),
            // It is the default.
            (_, Some(Setting::Automatic)) => {}
            (_, Some(Setting::Fixed { address, gateway })) => {
                if key == "IPv6" {
                    members.push(("ipv6", text(span, "static")));
                }
                fixed.push(address);
                gateways.extend(gateway);
            }
            (_, None) => place.lost(draft, &section.header, key, &words, "it is not understood"),
        }
    }
    if !fixed.is_empty() {
        members.push(("addresses", texts(span, &fixed)));
    }
    match gateways.as_slice() {
        [] => {}
        [one] => members.push(("gateway", text(span, one.as_str()))),
        _ => members.push(("gateway", texts(span, &gateways))),
    }
    members
}

fn texts(span: Span, words: &[String]) -> Node {
    let nodes = words.iter().map(|word| text(span, word.as_str())).collect();
    list(span, nodes)
}
