//! The node as Kubernetes sees it, reported by the keeper.

use crate::{Millis, Problem};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What stands where a node's addresses would, when it has none: on the console page and in `holdfast status`.
pub const NO_ADDRESS: &str =
    "none that others can reach: look at cable, DHCP and network in config.yaml";

/// `/run/holdfast/node.json`: for the console page and `holdfast status`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeState {
    /// The node's name in the cluster.
    pub name: String,
    /// Whether the node's `Ready` condition is `True`.
    pub ready: bool,
    /// The condition's reason and message, or what the keeper knows before the API answers.
    #[serde(default)]
    pub reason: String,
    /// The node's addresses, the one that Kubernetes uses first.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// What is waited for, each in a few words; empty when nothing is.
    #[serde(default)]
    pub waiting_for: Vec<String>,
    /// When the keeper began to ask the API, since the kernel's start.
    #[serde(default)]
    pub asked_since_ms: Millis,
    /// When the API last answered about the node, since the kernel's start; none before its first answer.
    #[serde(default)]
    pub answered_ms: Option<Millis>,
    /// When the API last said that the node is Ready, since the kernel's start; none before it did, or where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_ms: Option<Millis>,
    /// Pods that take from others what they need, each with what it does, in a few words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offenders: Vec<String>,
    /// What a stick that is plugged in has for this node, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stick: Option<String>,
    /// Something that a person has to mend while the node runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What is known about the node now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was Ready so long ago, which is not long.
    Ready {
        /// The age of what is known.
        age: Millis,
    },
    /// It is not Ready.
    NotReady,
    /// The API does not answer for so long: nothing is known.
    Unknown {
        /// Since the last answer, or since the first question.
        silent: Millis,
    },
}

/// The keeper asks every ten seconds; with an answer older than this, another is missing. Whoever shows it looks every few
/// seconds, so that an API that does not answer is told within half a minute.
const STALE: Millis = Millis::seconds(24);
/// A cluster that starts for the first time gets so long for its first answer.
const FIRST_ANSWER: Millis = Millis::seconds(600);
/// Longer than a start takes, or anything that a node recovers from by itself.
const LONG: Millis = Millis::seconds(600);

impl NodeState {
    /// What is known now, so long after the kernel's start: a clock that somebody sets changes nothing about it.
    pub fn standing(&self, now: Millis) -> Standing {
        match self.answered_ms {
            Some(answered) if now.since(answered) > STALE => Standing::Unknown {
                silent: now.since(answered),
            },
            Some(answered) if self.ready => Standing::Ready {
                age: now.since(answered),
            },
            None if now.since(self.asked_since_ms) > FIRST_ANSWER => Standing::Unknown {
                silent: now.since(self.asked_since_ms),
            },
            Some(_) | None => Standing::NotReady,
        }
    }

    /// Whether it is not Ready, and has not been for so long that a person should look: counted from the kernel's start where
    /// nobody knows when it last was.
    pub fn is_long_not_ready(&self, now: Millis) -> bool {
        !matches!(self.standing(now), Standing::Ready { .. })
            && Self::is_long(now.since(self.ready_ms.unwrap_or_default()))
    }

    /// Whether a node that has not been Ready for this time should have been.
    pub fn is_long(time: Millis) -> bool {
        time > LONG
    }

    /// That the API does not answer, for how long, and what was known last, on one line.
    pub fn silence(&self, silent: Millis) -> String {
        let before = match (self.answered_ms, self.ready, self.why_not_ready()) {
            (None, _, _) => String::new(),
            (Some(_), true, _) => "; the node was Ready then".to_owned(),
            (Some(_), false, why) => {
                format!("; {}", why.unwrap_or_default().trim_start_matches(": "))
            }
        };
        format!(
            "the Kubernetes API has not answered for {}{}; see `holdfast logs control-plane`",
            silent.rounded(),
            before.trim_end_matches("; ")
        )
    }

    /// The reason why it is not ready, to stand behind words that say so; none where none is known.
    pub fn why_not_ready(&self) -> Option<String> {
        let reason = self.reason.trim();
        (!self.ready && !reason.is_empty()).then(|| format!(": {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{NodeState, Standing};
    use crate::Millis;

    fn node(ready: bool, answered: Option<u64>) -> NodeState {
        NodeState {
            ready,
            reason: if ready { "" } else { "no network" }.into(),
            asked_since_ms: Millis::seconds(10),
            answered_ms: answered.map(Millis::seconds),
            ..NodeState::default()
        }
    }

    #[test]
    fn only_what_is_known_now_is_said() {
        let ready = |age| Standing::Ready {
            age: Millis::seconds(age),
        };
        let unknown = |silent| Standing::Unknown {
            silent: Millis::seconds(silent),
        };
        for (case, node, now, expected) in [
            ("fresh", node(true, Some(100)), 103, ready(3)),
            ("one answer is late", node(true, Some(100)), 124, ready(24)),
            ("silent", node(true, Some(100)), 125, unknown(25)),
            ("not ready", node(false, Some(100)), 103, Standing::NotReady),
            (
                "silent, was not ready",
                node(false, Some(100)),
                190,
                unknown(90),
            ),
            ("starting", node(false, None), 600, Standing::NotReady),
            ("never answered", node(false, None), 700, unknown(690)),
            (
                "said Ready by nobody",
                node(true, None),
                60,
                Standing::NotReady,
            ),
            (
                "a clock of another boot",
                node(true, Some(100)),
                5,
                ready(0),
            ),
        ] {
            assert_eq!(node.standing(Millis::seconds(now)), expected, "{case}");
        }
    }

    #[test]
    fn not_ready_for_long_is_not_not_ready_for_a_moment() {
        for (case, ready, last, now, expected) in [
            ("ready", true, None, 9000, false),
            ("never yet, starting", false, None, 600, false),
            ("never yet", false, None, 601, true),
            ("a moment ago it was", false, Some(8990), 9000, false),
            ("long ago it was", false, Some(8000), 9000, true),
        ] {
            let node = NodeState {
                ready_ms: last.map(Millis::seconds),
                ..node(ready, Some(now - 1))
            };
            let long = node.is_long_not_ready(Millis::seconds(now));
            assert_eq!(long, expected, "{case}");
        }
    }

    #[test]
    fn silence_says_what_was_known_last() {
        let silent = Millis::seconds(180);
        for (node, expected) in [
            (node(true, Some(1)), "3 min; the node was Ready then; see"),
            (node(false, Some(1)), "3 min; no network; see"),
            (node(false, None), "3 min; see"),
        ] {
            let said = node.silence(silent);
            assert!(said.contains(expected), "{said}");
        }
    }
}
