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
/// Of the time, in percent, in which the system waits for the disk: then whoever writes most is named.
const BUSY: f64 = 20.0;
/// Bytes a second that are no reason for a busy disk.
const LITTLE: u64 = 1 << 20;
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
    /// Takes in what is counted now, with the part of the last ten seconds in which the system waited for the disk, in percent;
    /// gives what is new.
    pub(super) fn count(
        &mut self,
        now: Millis,
        counts: BTreeMap<Pod, Counts>,
        disk: f64,
    ) -> Vec<(Pod, Seen)> {
        let seen = self.offences(now, &counts, disk);
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

    /// Those that are named now, a line each: those that take from others, the latest first, then those that only end again and
    /// again, however many they are.
    pub(super) fn lines(&mut self, now: Millis) -> Vec<String> {
        self.forget(now);
        let mut named: Vec<_> = self.named.iter().collect();
        named.sort_by_key(|((_, offence), named)| {
            (*offence == Offence::Crashes, Reverse(named.since))
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

    fn offences(&self, now: Millis, counts: &BTreeMap<Pod, Counts>, disk: f64) -> Vec<(Pod, Seen)> {
        // What pods did before they were first looked at is nobody's news.
        let Some((at, last)) = &self.last else {
            return Vec::new();
        };
        let seconds = (now.since(*at).0 / 1000).max(1);
        let (mut seen, mut writers) = (Vec::new(), Vec::new());
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
            let written = counted.written.saturating_sub(before.written);
            writers.push((written / seconds, pod));
        }
        if disk >= BUSY
            && let Some((rate, pod)) = writers.into_iter().max()
            && rate >= LITTLE
        {
            seen.push((pod.clone(), Offence::Disk.counted()));
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Offence, Pod, SHOWN, Watch};
    use init_api::Millis;
    use std::collections::BTreeMap;

    fn pods(pods: &[(&str, &Counts)]) -> BTreeMap<Pod, Counts> {
        let owned = pods
            .iter()
            .map(|(name, counts)| (pod(name), (*counts).clone()));
        owned.collect()
    }

    fn pod(name: &str) -> Pod {
        Pod {
            namespace: "n".into(),
            name: name.into(),
            uid: format!("uid-of-{name}"),
        }
    }

    fn at(seconds: u64) -> Millis {
        Millis::seconds(seconds)
    }

    #[test]
    fn whoever_takes_from_others_is_named_and_nobody_else() {
        let quiet = Counts {
            killed: 4,
            refused: 5,
            written: 100 << 20,
            logs: BTreeMap::from([(7, 1 << 20)]),
        };
        let with = |change: fn(&mut Counts)| {
            let mut counts = quiet.clone();
            change(&mut counts);
            counts
        };
        let busy = with(|c| c.written += 50 << 20);
        let rotated = with(|c| c.logs = BTreeMap::from([(8, 3 << 20), (7, 2 << 20)]));
        for (case, disk, now, expected) in [
            ("quiet", 90.0, quiet.clone(), None),
            (
                "memory",
                0.0,
                with(|c| c.killed += 1),
                Some(Offence::Memory),
            ),
            (
                "processes",
                0.0,
                with(|c| c.refused += 9),
                Some(Offence::Processes),
            ),
            ("logs", 0.0, rotated, Some(Offence::Logs)),
            (
                "a few lines",
                0.0,
                with(|c| c.logs = BTreeMap::from([(7, 3 << 20)])),
                None,
            ),
            ("disk", 30.0, busy.clone(), Some(Offence::Disk)),
            ("a disk that has time", 5.0, busy, None),
        ] {
            let mut watch = Watch::default();
            let first = watch.count(at(10), pods(&[("a", &quiet), ("b", &quiet)]), 0.0);
            assert!(first.is_empty(), "what was before the first look");
            let fresh = watch.count(at(20), pods(&[("a", &now), ("b", &quiet)]), disk);
            let fresh: Vec<_> = fresh
                .into_iter()
                .map(|(pod, it)| (pod, it.offence))
                .collect();
            let expected: Vec<_> = expected.map(|it| (pod("a"), it)).into_iter().collect();
            assert_eq!(fresh, expected, "{case}");
            assert_eq!(watch.lines(at(20)).len(), expected.len(), "{case}");
        }
    }

    #[test]
    fn a_pod_that_came_since_the_last_look_has_done_all_of_it_since() {
        let mut watch = Watch::default();
        watch.count(at(0), BTreeMap::new(), 0.0);
        let killed = Counts {
            killed: 1,
            ..Counts::default()
        };
        assert_eq!(watch.count(at(10), pods(&[("new", &killed)]), 0.0).len(), 1);
    }

    #[test]
    fn it_is_news_once_and_named_for_a_while() {
        let mut watch = Watch::default();
        let killed = |killed| Counts {
            killed,
            ..Counts::default()
        };
        watch.count(at(0), pods(&[("a", &killed(0))]), 0.0);
        assert_eq!(
            watch.count(at(10), pods(&[("a", &killed(1))]), 0.0).len(),
            1
        );
        assert_eq!(watch.count(at(20), pods(&[("a", &killed(2))]), 0.0), []);
        assert!(watch.lines(at(20))[0].starts_with("n/a wants more memory"));
        assert_eq!(watch.lines(at(349)).len(), 1);
        assert_eq!(watch.lines(at(350)), [""; 0]);
        assert!(watch.is_news(at(350), &pod("a"), &Offence::Memory.counted()));
    }

    #[test]
    fn a_screen_is_enough_for_the_latest() {
        let mut watch = Watch::default();
        for number in 0..110 {
            let pod = pod(&format!("{number}"));
            assert!(watch.is_news(at(number), &pod, &Offence::Crashes.counted()));
        }
        assert!(!watch.is_news(at(110), &pod("7"), &Offence::Crashes.counted()));
        let lines = watch.lines(at(110));
        assert_eq!(lines.len(), SHOWN + 1);
        assert!(lines[0].starts_with("n/109 "), "{}", lines[0]);
        assert_eq!(lines[SHOWN], "and 100 more");
    }

    #[test]
    fn who_takes_from_others_is_not_hidden_behind_those_that_crash() {
        let mut watch = Watch::default();
        watch.is_news(at(0), &pod("eater"), &Offence::Memory.counted());
        for number in 0..110 {
            watch.is_news(
                at(1),
                &pod(&format!("{number}")),
                &Offence::Crashes.counted(),
            );
        }
        assert!(watch.lines(at(2))[0].starts_with("n/eater wants more memory"));
    }
}
