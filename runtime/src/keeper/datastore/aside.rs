//! What the engine set aside, and what it says about it: `runtime/engine/internal/mend/replace.go`.

use crate::keeper::kept_damage::Damage;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// What the names of its folders begin with.
const PREFIX: &str = "damaged-";

/// What stands in the place of a datastore that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Replacement {
    /// The same, without its write-ahead log.
    Log,
    /// A snapshot.
    Snapshot,
    /// What could be read of it.
    Recovered,
    /// Nothing.
    Empty,
    /// Something that a newer release knows.
    #[serde(other)]
    Other,
}

/// `what.json`. Read leniently: a newer release may say more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Record {
    /// When it was found, RFC 3339.
    pub(super) found: String,
    why: String,
    what: Replacement,
    /// Since when changes are missing.
    as_of: Option<String>,
    /// In how many places rows are missing.
    #[serde(default)]
    holes: u64,
    finished: bool,
}

/// A folder of what was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aside {
    pub(super) folder: PathBuf,
    pub(super) record: Record,
}

impl Damage for Aside {
    /// The folder's name is the same for as long as it is there, and another's is another.
    fn once(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default();
        name.to_string_lossy().to_lowercase()
    }

    fn reason(&self) -> &'static str {
        match self.record.what {
            Replacement::Log => "LogSetAside",
            Replacement::Snapshot => "RestoredFromSnapshot",
            Replacement::Recovered => "RecoveredInPart",
            Replacement::Empty => "StartedEmpty",
            Replacement::Other => "Replaced",
        }
    }

    fn message(&self) -> String {
        let Record {
            found, why, holes, ..
        } = &self.record;
        let since = self.record.as_of.as_deref();
        let since = since.map_or_else(String::new, |since| format!(" since {since}"));
        let now = match self.record.what {
            Replacement::Log => format!("its last changes, those{since} or a little earlier, are missing"),
            Replacement::Snapshot => {
                format!("a snapshot is in its place: changes of the cluster{since} are missing")
            }
            Replacement::Recovered => format!(
                "there was no snapshot; what could be read is in its place, and objects are missing from {holes} places"
            ),
            Replacement::Empty => "there was no snapshot and nothing could be read: the cluster began empty, with the \
                                   manifests of this node"
                .to_owned(),
            Replacement::Other => "another is in its place".to_owned(),
        };
        let folder = self.folder.display();
        format!(
            "the datastore was found damaged at {found} ({why}); {now}. Apply again what is missing. The damaged one is kept: \
             `rm -r {folder}` removes it, and this message"
        )
    }
}

/// All, the oldest first. A folder whose record cannot be read was not used yet.
pub(super) fn all(database: &Path) -> Vec<Aside> {
    let entries = fs::read_dir(database).into_iter().flatten().flatten();
    let mut all: Vec<Aside> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter_map(|entry| {
            let folder = entry.path();
            let text = fs::read(folder.join("what.json")).ok()?;
            let record: Record = serde_json::from_slice(&text).ok()?;
            record.finished.then_some(Aside { folder, record })
        })
        .collect();
    all.sort_by(|a, b| a.folder.cmp(&b.folder));
    all
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::keeper::kept_damage::Damage;
    use std::fs;

    #[test]
    fn what_is_missing_is_said() {
        let root = tempfile::tempdir().expect("temp folder");
        let aside = |name: &str, record: &str| {
            let folder = root.path().join(name);
            fs::create_dir(&folder).expect("folder");
            fs::write(folder.join("what.json"), record).expect("write");
        };
        let with = |what: &str, more: &str| {
            format!(
                r#"{{"found":"2026-11-02T08:00:00Z","why":"malformed","what":"{what}"{more},"finished":true}}"#
            )
        };
        let since = r#","as_of":"2026-11-02T05:00:00Z""#;
        for (name, record, reason, expected) in [
            (
                "damaged-1",
                with("snapshot", since),
                "RestoredFromSnapshot",
                "changes of the cluster since 2026-11-02T05:00:00Z are missing",
            ),
            (
                "damaged-2",
                with("log", since),
                "LogSetAside",
                "those since 2026-11-02T05:00:00Z or a little earlier, are missing",
            ),
            (
                "damaged-3",
                with("recovered", r#","holes":2"#),
                "RecoveredInPart",
                "missing from 2 places",
            ),
            (
                "damaged-4",
                with("empty", ""),
                "StartedEmpty",
                "began empty",
            ),
            (
                "damaged-5",
                with("rebuilt", r#","new":1"#),
                "Replaced",
                "another is in its place",
            ),
        ] {
            aside(name, &record);
            let last = all(root.path()).pop().expect(name);
            assert_eq!(last.reason(), reason);
            let message = last.message();
            assert!(
                message.contains(expected)
                    && message.contains("found damaged at 2026-11-02T08:00:00Z (malformed)"),
                "{message}"
            );
            assert!(message.contains(&format!("`rm -r {}/{name}`", root.path().display())));
        }
        aside("damaged-6", &with("", "").replace("true", "false"));
        aside("damaged-7", "{");
        fs::create_dir(root.path().join("snapshots")).expect("folder");
        assert_eq!(all(root.path()).len(), 5);
    }
}
