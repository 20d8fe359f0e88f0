//! Which pods take from others, from what was counted of them a moment ago and now, and for how long they are named.

use super::count::{Counts, Pod};
use super::offence::{Offence, Seen};
use init_api::Millis;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A pod is named for so long after it was last seen at it: a little longer than the kubelet's longest pause between two starts
/// of a container.
const NAMED: Millis = Millis::seconds(330);
/// Bytes a second of logs. Two MiB are rotated every three seconds at best, and two files kept: a container that writes faster
/// has less than a quarter of a minute of its own lines left.
const LOGGED: u64 = 256 << 10;
/// Bytes a second that are no reason for a busy disk.
const LITTLE: u64 = 1 << 20;
/// A slow card takes as long for an operation, however small, as for so many bytes: fewer than ten a second are no reason.
const OPERATION: u64 = LITTLE.div_ceil(10);
/// Many more would not fit a screen.
const SHOWN: usize = 10;

/// Pods and what they were last seen at, each with the time.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// What was counted at the last look; none before the first.
    last: Option<(Millis, BTreeMap<Pod, Counts>)>,
    named: BTreeMap<(Pod, Offence), Named>,
}

#[derive(Debug)]
struct Named {
    since: Millis,
    at: Millis,
    how: String,
}

impl Watch {
    /// Takes in what is counted now, and why others wait for a disk, if they do: then whoever works most with it is named. Gives
    /// what is new.
    pub(super) fn count(
        &mut self,
        now: Millis,
        counts: BTreeMap<Pod, Counts>,
        waits: Option<String>,
    ) -> Vec<(Pod, Seen)> {
        let seen = self.offences(now, &counts, waits);
        self.last = Some((now, counts));
        let seen = seen.into_iter();
        seen.filter(|(pod, seen)| self.is_news(now, pod, seen))
            .collect()
    }

    /// Takes in what a pod was seen at; whether that is new.
    pub(super) fn is_news(&mut self, now: Millis, pod: &Pod, seen: &Seen) -> bool {
        self.forget(now);
        let key = (pod.clone(), seen.offence);
        let before = self.named.get(&key);
        let named = Named {
            since: before.map_or(now, |before| before.since),
            at: now,
            how: seen.how.clone(),
        };
        self.named.insert(key, named).is_none()
    }

    /// Those that are named now, a line each: those that take from others, the latest first, then those that only ended,
    /// however many they are.
    pub(super) fn lines(&mut self, now: Millis) -> Vec<String> {
        self.forget(now);
        let mut named: Vec<_> = self.named.iter().collect();
        named.sort_by_key(|((_, offence), named)| {
            let only_ended = matches!(offence, Offence::Evicted | Offence::Crashes);
            (only_ended, Reverse(named.since))
        });
        let more = named.len().saturating_sub(SHOWN);
        let shown = named.into_iter().take(SHOWN);
        let lines =
            shown.map(|((pod, offence), named)| format!("{pod} {}: {}", offence.text(), named.how));
        let rest = (more > 0).then(|| format!("and {more} more"));
        lines.chain(rest).collect()
    }

    fn forget(&mut self, now: Millis) {
        self.named.retain(|_, named| now.since(named.at) < NAMED);
    }

    fn offences(
        &self,
        now: Millis,
        counts: &BTreeMap<Pod, Counts>,
        waits: Option<String>,
    ) -> Vec<(Pod, Seen)> {
        // What pods did before they were first looked at is nobody's news.
        let Some((at, last)) = &self.last else {
            return Vec::new();
        };
        let seconds = (now.since(*at).0 / 1000).max(1);
        let (mut seen, mut busy) = (Vec::new(), Vec::new());
        for (pod, counted) in counts {
            let new = Counts::default();
            let before = last.get(pod).unwrap_or(&new);
            let logged = counted.logged_since(before) / seconds;
            let checks = [
                (counted.killed > before.killed, Offence::Memory),
                (counted.refused > before.refused, Offence::Processes),
                (logged >= LOGGED, Offence::Logs),
            ];
            let found = checks.into_iter().filter(|(is, _)| *is);
            seen.extend(found.map(|(_, offence)| (pod.clone(), offence.counted())));
            // One that has just come reads its programs.
            if last.contains_key(pod) {
                busy.push((work(counted, before) / seconds, pod));
            }
        }
        if let Some(waits) = waits
            && let Some((rate, pod)) = busy.into_iter().max()
            && rate >= LITTLE
        {
            let how = format!("{waits}; give it another disk, or less to do");
            seen.push((pod.clone(), Offence::Disk.shown(how)));
        }
        seen
    }
}

/// What a pod had a disk do since `before`, in bytes.
fn work(counts: &Counts, before: &Counts) -> u64 {
    let bytes = counts.bytes.saturating_sub(before.bytes);
    let operations = counts.operations.saturating_sub(before.operations);
    bytes.max(operations.saturating_mul(OPERATION))
}

#[cfg(test)]
mod tests;
