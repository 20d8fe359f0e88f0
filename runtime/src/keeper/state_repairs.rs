//! A state partition that was repaired at a risk, or made new, as the initramfs stage notes it: told on the console page and in
//! `holdfast status`, by a condition of the node and by an event, for as long as the record is kept.

use super::context::Keeper;
use super::kept_damage::{Damage, KeptDamage};
use init_api::{STATE_REPAIR_RECORD, StateRepair, StateRepairKind, paths};
use kube::Client;
use std::fs;
use std::path::Path;

const DAMAGE: KeptDamage<Repair> = KeptDamage {
    topic: "state",
    condition: "StateDamaged",
    whole: "no repair of the state partition is on record",
    all,
};

/// A record, and the name of its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Repair {
    number: u64,
    record: StateRepair,
}

/// Shows it on this machine, whether or not the API answers.
pub(super) async fn show(keeper: &Keeper) {
    let folder = keeper.paths.at(paths::STATE_REPAIRS);
    DAMAGE.show(keeper, &folder).await;
}

/// Tells of it in the cluster.
pub(super) async fn tell(keeper: &Keeper, client: &Client) {
    let folder = keeper.paths.at(paths::STATE_REPAIRS);
    DAMAGE.tell(keeper, client, &folder).await;
}

impl Damage for Repair {
    fn once(&self) -> String {
        format!("state-repair-{}", self.number)
    }

    fn reason(&self) -> &'static str {
        match self.record.what {
            StateRepairKind::Repaired => "Repaired",
            StateRepairKind::Renewed => "MadeNew",
            StateRepairKind::Other => "Replaced",
        }
    }

    fn message(&self) -> String {
        let record = &self.record;
        let (found, why) = (&record.found, &record.why);
        let done = match record.what {
            StateRepairKind::Repaired => "it was repaired, and files on it may be lost or damaged",
            StateRepairKind::Renewed => "it was made new: all that was on it is gone",
            StateRepairKind::Other => "it was put in order",
        };
        let lost = match record.lost_and_found {
            0 => String::new(),
            count => format!("; {count} files without a place are in /state/lost+found"),
        };
        let undo = match (record.what, record.undo.as_slice()) {
            (StateRepairKind::Renewed, _) => String::new(),
            (_, []) => "; there was no room for an undo file".to_owned(),
            (_, files) => format!("; `e2undo` can take it back with {}", files.join(", ")),
        };
        let folder = Path::new(paths::STATE_REPAIRS).join(self.number.to_string());
        let folder = folder.display();
        format!(
            "the state partition was found damaged at {found} ({why}); {done}{lost}{undo}. The disk may be failing. \
             `rm -r {folder}` ends this message"
        )
    }
}

/// All, the oldest first. A folder without a record was not finished.
fn all(folder: &Path) -> Vec<Repair> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<Repair> = entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            let record = init_api::load(entry.path().join(STATE_REPAIR_RECORD)).ok()?;
            Some(Repair { number, record })
        })
        .collect();
    all.sort_by_key(|repair| repair.number);
    all
}

#[cfg(test)]
mod tests {
    use super::{DAMAGE, all};
    use crate::keeper::kept_damage::Damage;
    use k8s_openapi::api::core::v1::Node;
    use serde_json::json;
    use std::fs;

    #[test]
    fn what_was_done_is_said_until_its_record_is_removed() {
        let root = tempfile::tempdir().expect("temp folder");
        let record = |number: &str, text: &str| {
            let folder = root.path().join(number);
            fs::create_dir(&folder).expect("folder");
            fs::write(folder.join("what.json"), text).expect("write");
        };
        record(
            "2",
            r#"{"found":"2026-11-02T08:00:00Z","why":"exit code 4","what":"repaired","undo":["/u/state-repair-1.e2undo"],
                "lost_and_found":3,"new":1}"#,
        );
        record(
            "10",
            r#"{"found":"2026-11-03T08:00:00Z","why":"exit code 8","what":"renewed"}"#,
        );
        record("11", "{");
        let repairs = all(root.path());
        let [first, last] = repairs.as_slice() else {
            panic!("two: {repairs:?}");
        };
        let message = first.message();
        for part in [
            "found damaged at 2026-11-02T08:00:00Z (exit code 4)",
            "files on it may be lost",
            "3 files without a place are in /state/lost+found",
            "`e2undo` can take it back with /u/state-repair-1.e2undo",
            "`rm -r /var/lib/holdfast/state-repairs/2` ends this message",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert!(last.message().contains("all that was on it is gone"));

        let node = |conditions: serde_json::Value| -> Node {
            let node =
                json!({ "metadata": { "name": "edge" }, "status": { "conditions": conditions } });
            serde_json::from_value(node).expect("a node")
        };
        let new = node(json!([]));
        assert_eq!(DAMAGE.condition(&new, &[]), None, "never damaged");
        let told = DAMAGE.condition(&new, &repairs).expect("a condition");
        assert_eq!((told.holds, told.reason), (true, "MadeNew"));
        let damaged = node(json!([{ "type": told.kind, "status": "True" }]));
        assert!(!DAMAGE.condition(&damaged, &[]).expect("a condition").holds);
    }
}
