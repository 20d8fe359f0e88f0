//! Whether the node keeps its address, and when it moves to another.

use crate::address::{Choice, FALLBACK, Host, choose, held_on, offered};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Of two ways out, a cable that is pulled is often put back at once; the node moves to the other after this time.
const PUT_BACK: Duration = Duration::from_secs(60);
/// And returns when the first has been the way out again for this long.
const STEADY: Duration = Duration::from_secs(60);

/// What to do about the node's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is on a real interface: no stand-in is needed.
    Keep,
    /// As [`Step::Keep`], and look again soon.
    KeepForNow,
    /// It is nowhere: let it stand on an interface without hardware.
    StandIn,
    /// As [`Step::StandIn`], and look again soon.
    StandInForNow,
    /// The network gives another: make everything anew for it.
    Move(IpAddr),
}

/// What a look at the machine's addresses shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// The node's address.
    current: IpAddr,
    /// It is on an interface with hardware.
    held: bool,
    /// The configuration says it.
    pub(super) fixed: bool,
    /// Interfaces still come up.
    pub(super) booting: bool,
    /// The address that the network gives a node that lost its own.
    offered: Option<IpAddr>,
    /// How long the address is gone, if the one offered is on another interface than it was.
    elsewhere: Option<Duration>,
    /// The address on the interface that the node left for another, and how long that has been the way out again.
    returned: Option<(IpAddr, Duration)>,
}

/// An address that is on an interface is kept, whatever else appears, but for the interface that the node left. One that is
/// gone is kept until the network gives another, and not given up while interfaces still come up. The one of last resort is
/// given up at once.
pub(super) fn next_step(look: &Look) -> Step {
    if look.held {
        return match look.returned {
            Some((address, steady)) if !look.fixed && steady >= STEADY => Step::Move(address),
            Some(_) if !look.fixed => Step::KeepForNow,
            _ => Step::Keep,
        };
    }
    let Some(address) = look.offered.filter(|_| !look.fixed) else {
        return Step::StandIn;
    };
    let soon = look.booting || look.elsewhere.is_some_and(|gone| gone < PUT_BACK);
    match address {
        _ if look.current == FALLBACK && address != look.current => Step::Move(address),
        _ if soon => Step::StandInForNow,
        _ if address != look.current => Step::Move(address),
        _ => Step::StandIn,
    }
}

/// What is remembered from one look to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The interface that the node's address was last seen on.
    home: Option<String>,
    /// Since when the address is on none.
    gone: Option<Instant>,
    /// The interface that the node left for another.
    left: Option<String>,
    /// Since when that is the way out again.
    back: Option<Instant>,
}

impl Memory {
    pub(super) fn observe(&mut self, host: &Host, current: IpAddr, now: Instant) -> Look {
        let held = held_on(host, current);
        if let Some(link) = held {
            self.home = Some(link.to_owned());
            self.gone = None;
        } else {
            self.gone.get_or_insert(now);
        }
        let way_out = match choose(host, false) {
            Choice::Address(address) => Some(address),
            _ => None,
        };
        let on_left = |address: &IpAddr| {
            self.left.is_some() && held_on(host, *address) == self.left.as_deref()
        };
        let returned = way_out.filter(on_left);
        self.back = returned.map(|_| self.back.unwrap_or(now));
        let offered = offered(host, current, self.home.as_deref());
        let is_elsewhere = offered.is_some_and(|address| {
            self.home.is_some() && held_on(host, address) != self.home.as_deref()
        });
        Look {
            current,
            held: held.is_some(),
            fixed: false,
            booting: false,
            offered,
            elsewhere: self.gone.filter(|_| is_elsewhere).map(|since| now - since),
            returned: returned.zip(self.back.map(|since| now - since)),
        }
    }

    /// The node has moved to `address`.
    pub(super) fn moved(&mut self, host: &Host, address: IpAddr) {
        let to = held_on(host, address);
        if to == self.left.as_deref() {
            self.left = None;
        } else if self.left.is_none() && to != self.home.as_deref() {
            self.left = self.home.take();
        }
        (self.gone, self.back) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, Memory, Step, next_step};
    use crate::address::{FALLBACK, Host, Link, LinkState};
    use std::net::IpAddr;
    use std::time::{Duration, Instant};

    #[test]
    fn an_address_is_kept_as_long_as_it_makes_sense() {
        let own: IpAddr = "192.168.1.5".parse().expect("address");
        let new: IpAddr = "10.0.0.9".parse().expect("address");
        for (case, current, held, fixed, offered, booting, expected) in [
            (
                "all is well",
                own,
                true,
                false,
                Some(own),
                false,
                Step::Keep,
            ),
            (
                "another interface appears",
                own,
                true,
                false,
                Some(new),
                false,
                Step::Keep,
            ),
            (
                "the cable is out",
                own,
                false,
                false,
                None,
                false,
                Step::StandIn,
            ),
            (
                "the lease brought another",
                own,
                false,
                false,
                Some(new),
                false,
                Step::Move(new),
            ),
            (
                "one interface is slower than the other",
                own,
                false,
                false,
                Some(new),
                true,
                Step::StandInForNow,
            ),
            (
                "no network at boot",
                own,
                false,
                false,
                None,
                true,
                Step::StandIn,
            ),
            (
                "a network at last",
                FALLBACK,
                false,
                false,
                Some(new),
                true,
                Step::Move(new),
            ),
            (
                "still none",
                FALLBACK,
                false,
                false,
                None,
                false,
                Step::StandIn,
            ),
            (
                "fixed, on no interface",
                own,
                false,
                true,
                Some(new),
                false,
                Step::StandIn,
            ),
        ] {
            let look = Look {
                current,
                held,
                fixed,
                booting,
                offered,
                elsewhere: None,
                returned: None,
            };
            assert_eq!(next_step(&look), expected, "{case}");
        }
    }

    fn card(name: &str, address: Option<&str>) -> Link {
        Link {
            name: name.to_owned(),
            physical: true,
            state: LinkState::Connected,
            addresses: address
                .iter()
                .map(|text| text.parse().expect("address"))
                .collect(),
        }
    }

    /// The machine has two cards, and the cable of the first is out for a while.
    #[test]
    fn of_two_ways_out_the_node_stays_on_the_first_and_returns_to_it() {
        let (first, second) = (Some("192.168.1.5"), Some("10.1.1.9"));
        let both = |out| Host {
            links: vec![card("a", first), card("b", second)],
            default_route: Some(out),
        };
        let (on_a, on_b) = (both("a".to_owned()), both("b".to_owned()));
        let pulled = Host {
            links: vec![card("a", None), card("b", second)],
            default_route: Some("b".to_owned()),
        };
        let address =
            |text: Option<&str>| -> IpAddr { text.unwrap_or_default().parse().expect("address") };
        let (first, second) = (address(first), address(second));
        let begin = Instant::now();
        let mut current = first;
        let mut memory = Memory::default();
        for (case, at, host, expected) in [
            ("all is well", 0, &on_a, Step::Keep),
            ("the cable is out", 10, &pulled, Step::StandInForNow),
            ("and back after 40 s", 50, &on_a, Step::Keep),
            ("it is out", 100, &pulled, Step::StandInForNow),
            ("still out", 159, &pulled, Step::StandInForNow),
            ("out for a minute", 160, &pulled, Step::Move(second)),
            ("on the second", 170, &pulled, Step::Keep),
            ("the first has a link", 200, &on_b, Step::Keep),
            ("and is the way out", 210, &on_a, Step::KeepForNow),
            ("and again not", 220, &pulled, Step::Keep),
            ("and is again", 300, &on_a, Step::KeepForNow),
            ("for a minute", 360, &on_a, Step::Move(first)),
            ("all is well again", 370, &on_a, Step::Keep),
            ("another route is no reason", 380, &on_b, Step::Keep),
        ] {
            let now = begin + Duration::from_secs(at);
            let step = next_step(&memory.observe(host, current, now));
            assert_eq!(step, expected, "{case}");
            if let Step::Move(address) = step {
                memory.moved(host, address);
                current = address;
            }
        }
    }
}
