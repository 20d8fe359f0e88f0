//! A network card that stops sending and does not say so: frames wait in its queue, and its count of sent ones stands still. Its link
//! is taken down and up again, which begins the queue anew. Only cards that are known to do this are looked at.

use super::times::times;
use host::Command;
use init_api::{KnownMachine, Root};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tracing::warn;

/// Looks before a card is tried again whose link was taken down in vain: twice as many each time, up to this.
const LONGEST_PAUSE: u32 = 32;
/// Tries after which nothing is to be hoped from the next one.
const IN_VAIN: u32 = 3;
/// `ip` has nothing to wait for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a card says of its sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sending {
    /// Frames that went out.
    sent: u64,
    /// Bytes that the card was given and has not said to be sent.
    waiting: u64,
}

/// What is to be done about a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Nothing,
    /// Take its link down and up.
    Restart,
}

/// What is known of a card.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Card {
    before: Option<Sending>,
    /// Since the keeper started.
    restarts: u64,
    /// Since it sent something last.
    in_vain: u32,
    /// So many looks are still waited.
    pause: u32,
}

impl Card {
    /// What follows from a look; a card without a link says nothing.
    fn next(self, now: Option<Sending>) -> (Self, Step) {
        let (Some(before), Some(now)) = (self.before, now) else {
            return (
                Self {
                    before: now,
                    ..self
                },
                Step::Nothing,
            );
        };
        let seen = Self {
            before: Some(now),
            ..self
        };
        if now.sent != before.sent {
            let sends = Self {
                in_vain: 0,
                pause: 0,
                ..seen
            };
            return (sends, Step::Nothing);
        }
        if before.waiting == 0 || now.waiting == 0 {
            return (seen, Step::Nothing);
        }
        if seen.pause > 0 {
            let waits = Self {
                pause: seen.pause - 1,
                ..seen
            };
            return (waits, Step::Nothing);
        }
        let restarted = Self {
            before: None,
            restarts: seen.restarts + 1,
            in_vain: seen.in_vain.saturating_add(1),
            pause: 1_u32
                .checked_shl(seen.in_vain)
                .map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE)),
        };
        (restarted, Step::Restart)
    }

    fn note(&self, name: &str) -> Option<String> {
        match (self.restarts, self.in_vain) {
            (0, _) => None,
            (_, IN_VAIN..) => Some(format!(
                "the network card {name} does not send, and taking its link down and up does not help: restart the machine"
            )),
            (count, _) => Some(format!(
                "the network card {name} stopped sending, and its link was taken down and up, {} since the start",
                times(count)
            )),
        }
    }
}

/// The cards that are looked at.
#[derive(Debug, Default)]
pub(super) struct Cards(BTreeMap<String, Card>);

impl Cards {
    /// Looks at them, on the machine with this root; gives those whose link is to be taken down and up.
    pub(super) fn stalled(&mut self, root: &Root) -> Vec<String> {
        let machine = KnownMachine::this(root);
        let Some(driver) = machine.and_then(|machine| machine.stalling_card) else {
            return Vec::new();
        };
        let mut restarted = Vec::new();
        for name in of_driver(&root.path("/sys/class/net"), &driver) {
            let now = sending(&root.path("/sys/class/net").join(&name));
            let card = self.0.entry(name.clone()).or_default();
            let (next, step) = card.next(now);
            *card = next;
            if step == Step::Restart {
                restarted.push(name);
            }
        }
        restarted
    }

    /// What is wrong with them.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(|(name, card)| card.note(name))
    }
}

/// Takes a card's link down and up: NetworkManager sees it come and sets it up again.
pub(super) fn restart(name: &str) {
    warn!("{name} has frames to send and sends none: its link is taken down and up");
    for way in ["down", "up"] {
        let ip = Command::new("ip").args(["link", "set", "dev", name, way]);
        if let Err(error) = ip.within(PATIENCE).run() {
            warn!("cannot take {name} {way}: {error}");
        }
    }
}

fn of_driver(cards: &Path, driver: &str) -> Vec<String> {
    let all = fs::read_dir(cards).into_iter().flatten().flatten();
    let is_of = |card: &Path| {
        let link = fs::read_link(card.join("device/driver")).ok();
        link.is_some_and(|link| link.file_name().is_some_and(|name| name == driver))
    };
    let mut names: Vec<String> = all
        .filter(|card| is_of(&card.path()))
        .map(|card| card.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Nothing where there is no link, or a driver that keeps no account of what waits.
fn sending(card: &Path) -> Option<Sending> {
    let number = |path: &Path| -> Option<u64> {
        let text = fs::read_to_string(path).ok()?;
        text.trim().parse().ok()
    };
    if number(&card.join("carrier")) != Some(1) {
        return None;
    }
    let queues = fs::read_dir(card.join("queues")).ok()?;
    let queues = queues.flatten().map(|queue| queue.path());
    let waiting: Vec<u64> = queues
        .filter_map(|queue| number(&queue.join("byte_queue_limits/inflight")))
        .collect();
    Some(Sending {
        sent: number(&card.join("statistics/tx_packets"))?,
        waiting: (!waiting.is_empty()).then(|| waiting.iter().sum())?,
    })
}

#[cfg(test)]
mod tests;
