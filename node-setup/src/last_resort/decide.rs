//! Whether a card uses its last resort: a pure decision.
//!
//! | state | what is seen | next | order |
//! |---|---|---|---|
//! | configured | no link, or something answers | configured | – |
//! | configured | nothing answers for three minutes | asking | use the last resort |
//! | asking | something answers | configured | go back |
//! | asking | a lease | in use | – |
//! | asking | a minute is over | configured, and not again for 5, 10, 20, 40, 60 minutes | go back |
//! | in use | something answers for a minute | configured | go back |
//! | in use | the lease is gone | asking | – |
//! | any | somebody gave the card another profile | as that profile is | – |

use std::net::Ipv4Addr;
use std::time::Duration;

/// How long nothing may answer: a switch that starts anew takes less.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long a DHCP server has for an answer.
const ASKING: Duration = Duration::from_secs(60);
/// How long the fixed addresses must have reached something before the lease is given up.
const STEADY: Duration = Duration::from_secs(60);
/// The pause behind the first time that nobody gave a lease; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What is seen of a card. Times are since the kernel's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// When.
    pub now: Duration,
    /// It has a cable, and somebody at the other end.
    pub link: bool,
    /// A neighbour in the network of a fixed address answers.
    pub reaches: bool,
    /// It runs by the profile of its last resort.
    pub on_last_resort: bool,
    /// The address that it has beside the fixed ones.
    pub lease: Option<Ipv4Addr>,
}

/// What is remembered of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    state: State,
    /// How often in turn nobody gave a lease.
    in_vain: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Configured {
        /// Since when nothing answers.
        cut: Option<Duration>,
        /// The last resort is not tried before.
        not_before: Duration,
    },
    Asking {
        since: Duration,
    },
    InUse {
        lease: Ipv4Addr,
        /// Since when the fixed addresses reach something.
        back: Option<Duration>,
    },
}

impl Default for State {
    fn default() -> Self {
        Self::Configured {
            cut: None,
            not_before: Duration::ZERO,
        }
    }
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Nothing.
    Nothing,
    /// Give the card the profile of its last resort.
    UseLastResort,
    /// Give it its own profile.
    GoBack,
}

impl Memory {
    /// The address of the last resort, while it is in use.
    pub fn in_use(&self) -> Option<Ipv4Addr> {
        match self.state {
            State::InUse { lease, .. } => Some(lease),
            State::Configured { .. } | State::Asking { .. } => None,
        }
    }

    /// Whether the card's profile matters now: it costs a question to NetworkManager.
    pub fn asks_for_profile(&self) -> bool {
        !matches!(self.state, State::Configured { .. })
    }

    fn of(state: State, in_vain: u32) -> Self {
        Self { state, in_vain }
    }
}

/// What follows from what is seen.
pub fn next(memory: Memory, facts: &Facts) -> (Memory, Order) {
    let now = facts.now;
    let in_vain = memory.in_vain;
    let configured = || (Memory::default(), Order::Nothing);
    match memory.state {
        // The watch was started anew.
        State::Configured { .. } if facts.on_last_resort => {
            (Memory::of(State::Asking { since: now }, 0), Order::Nothing)
        }
        State::Configured { not_before, .. } if !facts.link => {
            let state = State::Configured {
                cut: None,
                not_before,
            };
            (Memory::of(state, in_vain), Order::Nothing)
        }
        State::Configured { .. } if facts.reaches => configured(),
        State::Configured { cut, not_before } => {
            let cut = cut.unwrap_or(now);
            if now.saturating_sub(cut) >= PATIENCE && now >= not_before {
                let state = State::Asking { since: now };
                return (Memory::of(state, in_vain), Order::UseLastResort);
            }
            let state = State::Configured {
                cut: Some(cut),
                not_before,
            };
            (Memory::of(state, in_vain), Order::Nothing)
        }
        // A configuration was applied, or NetworkManager gave up by itself.
        State::Asking { since } if !facts.on_last_resort && now > since => {
            (in_vain_until(now, in_vain), Order::Nothing)
        }
        State::InUse { .. } if !facts.on_last_resort => configured(),
        State::Asking { .. } if facts.reaches => (Memory::default(), Order::GoBack),
        State::Asking { since } => match facts.lease {
            Some(lease) => (
                Memory::of(State::InUse { lease, back: None }, 0),
                Order::Nothing,
            ),
            None if now.saturating_sub(since) >= ASKING => {
                (in_vain_until(now, in_vain), Order::GoBack)
            }
            None => (memory, Order::Nothing),
        },
        State::InUse { back, .. } => match facts.lease {
            _ if facts.reaches => {
                let back = back.unwrap_or(now);
                if now.saturating_sub(back) >= STEADY {
                    return (Memory::default(), Order::GoBack);
                }
                let lease = facts.lease.or(memory.in_use());
                let state = lease.map_or(State::Asking { since: now }, |lease| State::InUse {
                    lease,
                    back: Some(back),
                });
                (Memory::of(state, 0), Order::Nothing)
            }
            Some(lease) => (
                Memory::of(State::InUse { lease, back: None }, 0),
                Order::Nothing,
            ),
            None => (Memory::of(State::Asking { since: now }, 0), Order::Nothing),
        },
    }
}

fn in_vain_until(now: Duration, in_vain: u32) -> Memory {
    let pause = FIRST_PAUSE.saturating_mul(1 << in_vain.min(10));
    let state = State::Configured {
        cut: Some(now),
        not_before: now + pause.min(LONGEST_PAUSE),
    };
    Memory::of(state, in_vain.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::{Facts, Memory, Order, next};
    use std::net::Ipv4Addr;
    use std::time::Duration;

    const LEASE: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 31);

    /// What is seen, as letters: `l`ink, `r`eaches, on the profile of the `d`HCP, with a lease (`a`ddress).
    fn facts(now: u64, seen: &str) -> Facts {
        let has = |letter| seen.contains(letter);
        Facts {
            now: Duration::from_secs(now),
            link: has('l'),
            reaches: has('r'),
            on_last_resort: has('d'),
            lease: has('a').then_some(LEASE),
        }
    }

    fn play(steps: &[(u64, &str, Order, bool)]) {
        let mut memory = Memory::default();
        for (now, seen, expected, in_use) in steps {
            let order;
            (memory, order) = next(memory, &facts(*now, seen));
            assert_eq!(order, *expected, "at {now} s: {seen}");
            assert_eq!(memory.in_use(), in_use.then_some(LEASE), "at {now} s");
        }
    }

    #[test]
    fn a_network_that_is_another_than_configured_is_reached_by_dhcp_and_left_again() {
        use Order::{GoBack, Nothing, UseLastResort};
        play(&[
            (0, "l", Nothing, false),
            (60, "lr", Nothing, false),
            (90, "l", Nothing, false),
            (120, "l", Nothing, false),
            (150, "", Nothing, false),
            (180, "l", Nothing, false),
            (359, "l", Nothing, false),
            (360, "l", UseLastResort, false),
            (370, "ld", Nothing, false),
            (390, "lda", Nothing, true),
            (4000, "lda", Nothing, true),
            (4030, "lrda", Nothing, true),
            (4060, "lda", Nothing, true),
            (5000, "lrda", Nothing, true),
            (5060, "lrda", GoBack, false),
            (5090, "lr", Nothing, false),
        ]);
    }

    #[test]
    fn where_nobody_gives_a_lease_it_is_asked_for_less_and_less() {
        let mut memory = Memory::default();
        let mut asked = Vec::new();
        let mut on_last_resort = false;
        for now in (0..24 * 3600).step_by(30) {
            let seen = if on_last_resort { "ld" } else { "l" };
            let order;
            (memory, order) = next(memory, &facts(now, seen));
            match order {
                Order::Nothing => {}
                Order::UseLastResort => {
                    asked.push(now);
                    on_last_resort = true;
                }
                Order::GoBack => on_last_resort = false,
            }
        }
        let pauses: Vec<u64> = asked.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(asked[0], 180);
        assert_eq!(pauses[..6], [360, 660, 1260, 2460, 3660, 3660]);
        assert!(pauses[6..].iter().all(|pause| *pause == 3660), "{pauses:?}");
    }

    #[test]
    fn what_others_do_to_the_card_is_followed() {
        use Order::{GoBack, Nothing, UseLastResort};
        // The watch was started anew while the last resort is in use.
        play(&[
            (0, "lda", Nothing, false),
            (30, "lda", Nothing, true),
            (60, "l", Nothing, false),
            (90, "lr", Nothing, false),
        ]);
        // NetworkManager went back by itself; the network that was meant is there after all; the lease is lost.
        play(&[
            (0, "l", Nothing, false),
            (180, "l", UseLastResort, false),
            (210, "l", Nothing, false),
            (480, "l", Nothing, false),
            (510, "l", UseLastResort, false),
            (540, "lrd", GoBack, false),
            (570, "lr", Nothing, false),
            (600, "l", Nothing, false),
            (780, "l", UseLastResort, false),
            (810, "lda", Nothing, true),
            (840, "ld", Nothing, false),
            (870, "lda", Nothing, true),
        ]);
    }
}
