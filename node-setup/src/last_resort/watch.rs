//! The service: looks, decides, does.

use super::card::{Card, watched};
use super::decide::{Facts, Memory, Order, next};
use super::neighbours::{answering, ask, asked};
use crate::network_manager::{self, Running};
use host::file;
use init_api::{Root, paths};
use ipnet::IpNet;
use os_config::{InterfaceMatch, Network};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Longer than the kernel takes to find that a neighbour is gone.
const PAUSE: Duration = Duration::from_secs(30);

/// Watches the cards of `network`, with the NetworkManager at the D-Bus address `bus`. `now` is the time since the kernel's start;
/// `pause` waits, and ends the watch with `false`.
///
/// # Errors
/// Memory cannot be written.
pub fn watch(
    root: &Root,
    network: &Network,
    bus: &str,
    now: impl Fn() -> Duration,
    mut pause: impl FnMut(Duration) -> bool,
) -> io::Result<()> {
    let mut cards: Vec<(Card, Memory)> = watched(network)
        .into_iter()
        .map(|card| (card, Memory::default()))
        .collect();
    // Of a watch before this one.
    let mut told = Vec::new();
    tell(root, &told)?;
    let mut first = true;
    loop {
        for (card, memory) in &mut cards {
            check_card(root, card, memory, bus, now(), first);
        }
        first = false;
        let notes = cards.iter().filter_map(|(card, memory)| note(card, memory));
        let notes: Vec<String> = notes.collect();
        if notes != told {
            tell(root, &notes)?;
            told = notes;
        }
        if !pause(PAUSE) {
            return Ok(());
        }
    }
}

/// Checks a card once, and does what follows from it.
fn check_card(
    root: &Root,
    card: &Card,
    memory: &mut Memory,
    bus: &str,
    now: Duration,
    first: bool,
) {
    let Some(device) = device(root, &card.select) else {
        return;
    };
    let table = fs::read_to_string(root.path("/proc/net/arp")).unwrap_or_default();
    let carrier = format!("/sys/class/net/{device}/carrier");
    let carrier = fs::read_to_string(root.path(&carrier)).unwrap_or_default();
    let running = match memory.asks_for_profile() || first {
        true => match network_manager::running(bus, &device) {
            Ok(running) => running,
            // It starts, or starts anew: the next look asks again.
            Err(error) => {
                eprintln!("{device}: {error}");
                return;
            }
        },
        false => None,
    };
    let facts = Facts {
        now,
        link: carrier.trim() == "1",
        reaches: answering(&table, &device, card),
        on_last_resort: running
            .as_ref()
            .is_some_and(|running| running.profile.as_deref() == Some(card.last_resort.as_str())),
        lease: running.as_ref().and_then(|running| lease(running, card)),
    };
    let (following, order) = next(*memory, &facts);
    let profile = match order {
        Order::Nothing => None,
        Order::UseLastResort => Some(&card.last_resort),
        Order::GoBack => Some(&card.profile),
    };
    if let Some(profile) = profile {
        println!("{device}: {order:?}: the profile {profile}");
        if let Err(error) = network_manager::give(bus, &device, profile) {
            // Nothing was changed: decided again with the next look.
            eprintln!("{device}: {error}");
            return;
        }
    }
    *memory = following;
    ask(&asked(&table, &device, card), card);
}

/// The address that is not one of the fixed ones.
fn lease(running: &Running, card: &Card) -> Option<Ipv4Addr> {
    let fixed = |net: &IpNet| {
        card.addresses
            .iter()
            .any(|fixed| fixed.addr() == net.addr())
    };
    let others = running.addresses.iter().filter(|net| !fixed(net));
    others
        .filter_map(|net| match net.addr() {
            IpAddr::V4(address) if !address.is_link_local() => Some(address),
            IpAddr::V4(_) | IpAddr::V6(_) => None,
        })
        .next()
}

fn device(root: &Root, select: &InterfaceMatch) -> Option<String> {
    let mac = match select {
        InterfaceMatch::Name(name) => return Some(name.to_string()),
        InterfaceMatch::Mac(mac) => mac.as_str().to_ascii_lowercase(),
    };
    let devices = fs::read_dir(root.path("/sys/class/net")).ok()?;
    let is_it = |entry: &fs::DirEntry| {
        let address = fs::read_to_string(entry.path().join("address"));
        address.is_ok_and(|address| address.trim().eq_ignore_ascii_case(&mac))
            && entry.path().join("device").exists()
    };
    let device = devices.flatten().find(is_it)?;
    Some(device.file_name().to_string_lossy().into_owned())
}

/// What people are told while the last resort of a card is in use.
fn note(card: &Card, memory: &Memory) -> Option<String> {
    let lease = memory.in_use()?;
    let fixed: Vec<String> = card.addresses.iter().map(ToString::to_string).collect();
    let fixed = fixed.join(", ");
    let which = match &card.select {
        InterfaceMatch::Name(name) => name.to_string(),
        InterfaceMatch::Mac(mac) => mac.as_str().to_owned(),
    };
    // The address first: the console cuts what is long.
    Some(format!(
        "the node can be reached at {lease}, which DHCP gave {which}: its configured {fixed} reaches nobody. Correct `network` in \
         config.yaml, or the cable"
    ))
}

fn tell(root: &Root, notes: &[String]) -> io::Result<()> {
    let path = root.path(paths::LAST_RESORT);
    if notes.is_empty() {
        return file::remove(&path).map(drop);
    }
    file::write(&path, 0o600, notes.join("\n") + "\n")
}
