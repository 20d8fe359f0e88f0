//! A network card that has a link, and for minutes no address: it asks by DHCP, and nobody answers. With another card the node runs on
//! and would never say so.

use super::context::Keeper;
use crate::Paths;
use crate::address::{Link, LinkState, read_host};
use k8s_openapi::jiff::{Timestamp, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};
use tracing::debug;

const TOPIC: &str = "network";
/// What lasts for less is not worth a person's time.
const EVERY: Duration = Duration::from_secs(30);
/// A switch that has just begun to pass packets on, and a server that starts with the machine, take less.
const PATIENCE: Duration = Duration::from_secs(180);

/// Since when each card waits: by a clock that nobody sets, and for people.
#[derive(Debug, Default)]
struct Waiting(BTreeMap<String, (Instant, Timestamp)>);

impl Waiting {
    /// What people are told of the cards that have no address now; it stays the same while nothing changes.
    fn notes(&mut self, without: &BTreeSet<String>, now: (Instant, Timestamp)) -> Vec<String> {
        self.0.retain(|card, _| without.contains(card));
        for card in without {
            self.0.entry(card.clone()).or_insert(now);
        }
        let long = self.0.iter();
        let long = long.filter(|(_, (since, _))| now.0.duration_since(*since) >= PATIENCE);
        long.map(|(card, (_, since))| told(card, *since)).collect()
    }
}

fn told(card: &str, since: Timestamp) -> String {
    let since = since.round(Unit::Second).unwrap_or(since);
    format!(
        "{card} has a link, and no address since {since}: no DHCP server answers it. Look at the server and at the other end of the \
         cable, set its `addresses` under `network.interfaces` in config.yaml, or unplug it"
    )
}

/// Looks now and then, for ever.
pub(super) async fn watch(keeper: &Keeper) {
    let mut waiting = Waiting::default();
    loop {
        match without_address(&keeper.paths) {
            Ok(without) => {
                let notes = waiting.notes(&without, (Instant::now(), Timestamp::now()));
                keeper.report.problems(TOPIC, notes);
            }
            Err(error) => debug!("{error}"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// The cards that wait, by name.
fn without_address(paths: &Paths) -> Result<BTreeSet<String>, crate::address::HostError> {
    let host = read_host(paths)?;
    let by_ipv6 = reached_by_ipv6();
    let waits = |link: &Link| {
        should_ask(link) && !by_ipv6.contains(&link.name) && !carries_another(paths, &link.name)
    };
    let links = host.links.into_iter().filter(waits);
    Ok(links.map(|link| link.name).collect())
}

/// By what is known of IPv4.
fn should_ask(link: &Link) -> bool {
    link.physical
        && link.state == LinkState::Connected
        && link.addresses.iter().all(|address| address.is_link_local())
}

/// Whether it is a part of a bond or a bridge, or has VLANs on it: those have the address.
fn carries_another(paths: &Paths, card: &str) -> bool {
    let entries = fs::read_dir(paths.at("/sys/class/net").join(card));
    let mut entries = entries.into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with("upper_"))
}

/// The interfaces with an IPv6 address that is more than one of the link.
fn reached_by_ipv6() -> BTreeSet<String> {
    let all = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let reached = all.filter_map(|entry| {
        let address: Ipv6Addr = entry.address?.as_sockaddr_in6()?.ip();
        (!address.is_unicast_link_local()).then_some(entry.interface_name)
    });
    reached.collect()
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, Waiting, carries_another, should_ask};
    use crate::Paths;
    use crate::address::{Link, LinkState};
    use k8s_openapi::jiff::Timestamp;
    use std::collections::BTreeSet;
    use std::fs;
    use std::time::{Duration, Instant};

    #[test]
    fn a_card_that_waits_for_minutes_is_told_until_it_has_an_address() {
        let began = Instant::now();
        let mut waiting = Waiting::default();
        let mut notes = |after: Duration, cards: &[&str]| {
            let without: BTreeSet<String> = cards.iter().map(|card| (*card).to_owned()).collect();
            let clock = Timestamp::UNIX_EPOCH + after;
            waiting.notes(&without, (began + after, clock))
        };
        let minute = Duration::from_secs(60);
        assert!(notes(minute, &["eth1"]).is_empty(), "it has just begun");
        assert!(notes(PATIENCE, &["eth0", "eth1"]).is_empty());
        let told = notes(minute + PATIENCE, &["eth0", "eth1"]);
        let [told] = told.as_slice() else {
            panic!("eth1 alone has waited for long: {told:?}");
        };
        assert!(
            told.starts_with("eth1 has a link, and no address since 1970-01-01T00:01:00Z: "),
            "{told}"
        );
        let later = notes(2 * minute + PATIENCE, &["eth1"]);
        assert_eq!(later.first(), Some(told), "as before");
        assert!(notes(3 * minute + PATIENCE, &[]).is_empty(), "it has one");
        assert!(notes(4 * minute + PATIENCE, &["eth1"]).is_empty(), "anew");
    }

    #[test]
    fn which_cards_wait() {
        let link = |physical, state, addresses: &[[u8; 4]]| Link {
            name: "eth0".to_owned(),
            physical,
            state,
            addresses: addresses.iter().map(|bytes| (*bytes).into()).collect(),
        };
        for (case, link, waits) in [
            ("no answer", link(true, LinkState::Connected, &[]), true),
            (
                "an address that it gave itself",
                link(true, LinkState::Connected, &[[169, 254, 3, 4]]),
                true,
            ),
            (
                "an address",
                link(true, LinkState::Connected, &[[10, 0, 0, 2]]),
                false,
            ),
            ("no cable", link(true, LinkState::Unplugged, &[]), false),
            ("a bridge", link(false, LinkState::Connected, &[]), false),
        ] {
            assert_eq!(should_ask(&link), waits, "{case}");
        }
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        for part in ["eth0", "eth1/upper_bond0"] {
            fs::create_dir_all(paths.at("/sys/class/net").join(part)).expect("made");
        }
        let carry = ["eth0", "eth1", "eth2"].map(|card| carries_another(&paths, card));
        assert_eq!(carry, [false, true, false]);
    }
}
