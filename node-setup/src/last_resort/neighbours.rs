//! Who answers on the link of a card: the kernel's table of neighbours, and the datagrams that keep it true.

use super::card::Card;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

/// `ATF_COM`: the hardware address is known.
const COMPLETE: u32 = 0x2;
/// The service `discard`: who has none refuses or drops it, and the kernel has asked for the hardware address by then.
const DISCARD: u16 = 9;
/// More are not asked.
const MOST: usize = 8;

/// The neighbours of `device` in the text of `/proc/net/arp`, in the networks of the card's fixed addresses: with whether they
/// answered the last time that they were asked.
fn neighbours(text: &str, device: &str, card: &Card) -> Vec<(Ipv4Addr, bool)> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let address: Ipv4Addr = words.next()?.parse().ok()?;
        let flags = words.nth(1)?.strip_prefix("0x")?;
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let is_ours = words.nth(2)? == device;
        let near = card.gateway == Some(address)
            || card.addresses.iter().any(|net| net.contains(&address));
        (is_ours && near).then_some((address, flags & COMPLETE != 0))
    };
    text.lines().skip(1).filter_map(line).collect()
}

/// Whether any of them answers.
pub fn answering(text: &str, device: &str, card: &Card) -> bool {
    neighbours(text, device, card)
        .iter()
        .any(|(_, answers)| *answers)
}

/// Whom to ask: the gateway, or the first address of each network, where a gateway mostly is; and who answered before, for what
/// the kernel knows of them stays until somebody asks.
pub fn asked(text: &str, device: &str, card: &Card) -> BTreeSet<Ipv4Addr> {
    let guesses = card.addresses.iter().filter_map(|net| net.hosts().next());
    let first: Vec<Ipv4Addr> = match card.gateway {
        Some(gateway) => vec![gateway],
        None => guesses.collect(),
    };
    let known = neighbours(text, device, card).into_iter();
    let known = known.map(|(address, _)| address);
    let own = |address: &Ipv4Addr| card.addresses.iter().any(|net| net.addr() == *address);
    first
        .into_iter()
        .chain(known)
        .filter(|address| !own(address))
        .take(MOST)
        .collect()
}

/// Sends each an empty datagram. Whoever cannot be sent to does not answer either.
pub(super) fn ask(whom: &BTreeSet<Ipv4Addr>, card: &Card) {
    for address in whom {
        let net = card.addresses.iter().find(|net| net.contains(address));
        let Some(from) = net.or(card.addresses.first()) else {
            continue;
        };
        let socket = UdpSocket::bind(SocketAddrV4::new(from.addr(), 0));
        let _ = socket.and_then(|socket| socket.send_to(&[], SocketAddrV4::new(*address, DISCARD)));
    }
}

#[cfg(test)]
mod tests {
    use super::{answering, asked};
    use crate::last_resort::watched;
    use os_config::parse_config;
    use std::net::Ipv4Addr;

    const TABLE: &str = "\
IP address       HW type     Flags       HW address            Mask     Device
10.0.0.7         0x1         0x2         52:55:0a:00:02:02     *        eth0
10.0.0.8         0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.7.1      0x1         0x2         52:55:0a:00:02:03     *        eth0
10.0.0.9         0x1         0x2         52:55:0a:00:02:04     *        eth1
";

    #[test]
    fn only_neighbours_of_the_fixed_addresses_count() {
        let cards = |more: &str| {
            let text = format!(
                "version: 1\nnetwork: {{interfaces: [{{name: eth0, addresses: [10.0.0.20/24]{more}}}]}}\n"
            );
            let config = parse_config("config.yaml", text.as_bytes());
            watched(&config.expect("a configuration").network)
        };
        let with = cards(", gateway: 10.0.0.1");
        let [card] = with.as_slice() else {
            panic!("one card: {with:?}");
        };
        assert_eq!(card.last_resort, "holdfast-last-resort-eth0");
        let without = TABLE.replace("10.0.0.7 ", "10.0.1.7 ");
        for (case, text, expected) in [
            ("a neighbour", TABLE, true),
            (
                "only strangers, one that is silent, and another card's",
                &without,
                false,
            ),
            ("nobody", "", false),
        ] {
            assert_eq!(answering(text, "eth0", card), expected, "{case}");
        }
        let last = |net: [u8; 4]| Ipv4Addr::from(net);
        let whom: Vec<Ipv4Addr> = asked(TABLE, "eth0", card).into_iter().collect();
        assert_eq!(
            whom,
            [[10, 0, 0, 1], [10, 0, 0, 7], [10, 0, 0, 8]].map(last)
        );
        let whom: Vec<Ipv4Addr> = asked("", "eth0", &cards("")[0]).into_iter().collect();
        assert_eq!(whom, [last([10, 0, 0, 1])], "a guess");
        assert_eq!(cards(", dhcp: true"), [], "it asks anyway");
    }
}
