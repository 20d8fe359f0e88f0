//! Which pods take from others, from what was counted of them a moment ago and now.

use super::count::{Counts, Pod};
use init_api::Millis;
use std::collections::BTreeMap;

/// A pod is named for so long after it was last seen at it.
const NAMED: Millis = Millis::seconds(300);
/// Bytes of logs that a pod with rotated logs does not have.
const LOGS: u64 = 16 << 20;
/// Of the time, in percent, in which the system waits for the disk: then whoever writes most is named.
const BUSY: f64 = 20.0;
/// Bytes a second that are no reason for a busy disk.
const LITTLE: u64 = 1 << 20;

/// What a pod does to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Offence {
    /// It wants more memory than there is for it.
    Memory,
    /// It wants more processes than it may have.
    Processes,
    /// It logs faster than logs can be rotated.
    Logs,
    /// It writes most to a disk that the system waits for.
    Disk,
}

impl Offence {
    /// The reason of the event.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Memory => "OutOfMemory",
            Self::Processes => "TooManyProcesses",
            Self::Logs => "TooManyLogs",
            Self::Disk => "DiskBusy",
        }
    }

    /// For a person, behind the pod's name.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Memory => {
                "wants more memory than there is for it: the kernel kills its processes; give it a limit, or the machine more memory"
            }
            Self::Processes => {
                "wants more processes than a pod may have: the kernel refuses it new ones"
            }
            Self::Logs => "logs faster than logs can be rotated: lines of other pods may be lost",
            Self::Disk => "writes so much that the system waits for the disk",
        }
    }
}

/// Pods and what they were last seen at, each with the time.
#[derive(Debug, Default)]
pub(super) struct Watch {
    last: BTreeMap<Pod, Counts>,
    at: Millis,
    named: BTreeMap<(Pod, Offence), Millis>,
}

impl Watch {
    /// Takes in what is counted now, with the part of the last ten seconds in which the system waited for the disk, in percent;
    /// gives what is new.
    pub(super) fn take(
        &mut self,
        now: Millis,
        counts: BTreeMap<Pod, Counts>,
        disk: f64,
    ) -> Vec<(Pod, Offence)> {
        let seen = self.offences(now, &counts, disk);
        self.named.retain(|_, last| now.since(*last) < NAMED);
        let fresh = seen
            .into_iter()
            .filter(|offence| self.named.insert(offence.clone(), now).is_none())
            .collect();
        self.last = counts;
        self.at = now;
        fresh
    }

    /// Those that are named now, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.named.keys();
        lines
            .map(|(pod, offence)| format!("{pod} {}", offence.text()))
            .collect()
    }

    fn offences(
        &self,
        now: Millis,
        counts: &BTreeMap<Pod, Counts>,
        disk: f64,
    ) -> Vec<(Pod, Offence)> {
        let seconds = (now.since(self.at).0 / 1000).max(1);
        let mut seen = Vec::new();
        let mut writers = Vec::new();
        for (pod, counted) in counts {
            // What a pod did before it was first looked at is nobody's news.
            let Some(before) = self.last.get(pod) else {
                continue;
            };
            let checks = [
                (counted.killed > before.killed, Offence::Memory),
                (counted.refused > before.refused, Offence::Processes),
                (counted.logged > LOGS, Offence::Logs),
            ];
            let found = checks.into_iter().filter(|(is, _)| *is);
            seen.extend(found.map(|(_, offence)| (pod.clone(), offence)));
            let written = counted.written.saturating_sub(before.written);
            writers.push((written / seconds, pod));
        }
        if disk >= BUSY
            && let Some((rate, pod)) = writers.into_iter().max()
            && rate >= LITTLE
        {
            seen.push((pod.clone(), Offence::Disk));
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Offence, Pod, Watch};
    use init_api::Millis;
    use std::collections::BTreeMap;

    fn pods(pods: &[(&str, Counts)]) -> BTreeMap<Pod, Counts> {
        let owned = pods.iter().map(|(name, counts)| (pod(name), *counts));
        owned.collect()
    }

    fn pod(name: &str) -> Pod {
        Pod {
            namespace: "n".into(),
            name: name.into(),
            uid: format!("uid-of-{name}"),
        }
    }

    #[test]
    fn whoever_takes_from_others_is_named_and_nobody_else() {
        let quiet = Counts {
            killed: 4,
            refused: 5,
            written: 100 << 20,
            logged: 1 << 20,
        };
        let with = |change: fn(&mut Counts)| {
            let mut counts = quiet;
            change(&mut counts);
            counts
        };
        for (case, disk, now, expected) in [
            ("quiet", 90.0, quiet, None),
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
            (
                "logs",
                0.0,
                with(|c| c.logged = 17 << 20),
                Some(Offence::Logs),
            ),
            (
                "disk",
                30.0,
                with(|c| c.written += 50 << 20),
                Some(Offence::Disk),
            ),
            (
                "a disk that has time",
                5.0,
                with(|c| c.written += 50 << 20),
                None,
            ),
        ] {
            let mut watch = Watch::default();
            let at = Millis::seconds;
            assert_eq!(
                watch.take(at(10), pods(&[("a", quiet), ("b", quiet)]), 0.0),
                []
            );
            let fresh = watch.take(at(20), pods(&[("a", now), ("b", quiet)]), disk);
            let expected: Vec<_> = expected.map(|it| (pod("a"), it)).into_iter().collect();
            assert_eq!(fresh, expected, "{case}");
            assert_eq!(watch.lines().len(), expected.len(), "{case}");
        }
    }

    #[test]
    fn it_is_news_once_and_named_for_a_while() {
        let mut watch = Watch::default();
        let at = |killed| {
            pods(&[(
                "a",
                Counts {
                    killed,
                    ..Counts::default()
                },
            )])
        };
        watch.take(Millis::seconds(0), at(0), 0.0);
        assert_eq!(watch.take(Millis::seconds(10), at(1), 0.0).len(), 1);
        assert_eq!(watch.take(Millis::seconds(20), at(2), 0.0), []);
        assert!(watch.lines()[0].starts_with("n/a wants more memory"));
        watch.take(Millis::seconds(319), at(2), 0.0);
        assert_eq!(watch.lines().len(), 1);
        watch.take(Millis::seconds(320), at(2), 0.0);
        assert_eq!(watch.lines(), [""; 0]);
    }
}
