//! What the agent keeps over reboots, beside the trial itself ([`init_api::PendingTrial`]).

use crate::Brought;
use init_api::SlotRelease;
use serde::{Deserialize, Serialize};

/// How many events are kept.
const EVENTS: usize = 50;
/// How many failed releases are kept.
const FAILED: usize = 20;

/// `/var/lib/holdfast/upgrade/record.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// A release that stands whole in the spare slot, ready to be activated.
    #[serde(default)]
    pub staged: Option<StagedRelease>,
    /// The release that ran before the one that runs, while its slot still holds it.
    #[serde(default)]
    pub previous: Option<SlotRelease>,
    /// Releases that failed on this node: none is tried again until somebody asks for it.
    #[serde(default)]
    pub failed: Vec<FailedRelease>,
    /// What happened, the oldest first.
    #[serde(default)]
    pub events: Vec<Event>,
}

/// A release in the spare slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedRelease {
    /// Which, and where.
    pub release: SlotRelease,
    /// SHA-256 of its UKI, which waits on the boot partition.
    pub uki_sha256: String,
    /// Bytes of its root image without the hash tree.
    pub root_size: u64,
    /// How its root image came there; none if an older release wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought: Option<Brought>,
}

/// A release that failed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRelease {
    /// Its version.
    pub version: String,
    /// Its verity root hash.
    pub root_hash: String,
    /// Why, a line each.
    pub why: Vec<String>,
    /// When it was given up, in seconds since 1970, as far as the clock was right.
    pub at_s: u64,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, in seconds since 1970, as far as the clock was right.
    pub at_s: u64,
    /// The release's version.
    pub version: String,
    /// What.
    pub what: Happened,
    /// More about it, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

/// What can happen to a release on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happened {
    /// It was written to the spare slot and read back.
    Staged,
    /// The boot loader was told to try it.
    Activated,
    /// It was confirmed.
    Committed,
    /// It was not, and the node went back.
    Failed,
    /// Its activation was broken off before it could be booted.
    BrokenOff,
    /// Something that this version does not know.
    #[serde(other)]
    Other,
}

impl Record {
    /// Its file's name, below [`init_api::paths::UPGRADE`].
    pub const FILE: &str = "record.json";

    /// The last thing that happened, if that is a release that failed.
    pub fn went_back(&self) -> Option<&Event> {
        let last = self.events.last();
        last.filter(|event| event.what == Happened::Failed)
    }

    /// Adds an event; the oldest make room.
    pub fn add(&mut self, event: Event) {
        self.events.push(event);
        let over = self.events.len().saturating_sub(EVENTS);
        self.events.drain(..over);
    }

    /// Notes that a release failed; a later failure takes the place of an earlier one.
    pub fn fail(&mut self, failed: FailedRelease) {
        self.failed
            .retain(|other| other.root_hash != failed.root_hash);
        self.failed.push(failed);
        let over = self.failed.len().saturating_sub(FAILED);
        self.failed.drain(..over);
    }

    /// Whether, and how, the release with this root hash failed here.
    pub fn failure(&self, root_hash: &str) -> Option<&FailedRelease> {
        self.failed
            .iter()
            .find(|failed| failed.root_hash == root_hash)
    }
}

#[cfg(test)]
mod tests {
    use super::{EVENTS, Event, FailedRelease, Happened, Record};

    #[test]
    fn the_record_stays_small_and_is_read_leniently() {
        let mut record = Record::default();
        for at_s in 0..EVENTS as u64 + 10 {
            record.add(Event {
                at_s,
                version: "1".into(),
                what: Happened::Staged,
                details: Vec::new(),
            });
            record.fail(FailedRelease {
                version: "2".into(),
                root_hash: format!("{}", at_s % 30),
                why: vec![format!("{at_s}")],
                at_s,
            });
        }
        assert_eq!(record.events.len(), EVENTS);
        assert_eq!(record.events[0].at_s, 10);
        assert_eq!(record.failed.len(), 20);
        assert_eq!(record.failure("29").map(|f| f.at_s), Some(59));
        assert_eq!(
            record.failure("0").map(|f| f.at_s),
            None,
            "the oldest made room"
        );
        let newer =
            r#"{"events":[{"at_s":1,"version":"9","what":"teleported","more":1}],"colour":"red"}"#;
        let read: Record = serde_json::from_str(newer).expect("lenient");
        assert_eq!(read.events[0].what, Happened::Other);
    }
}
