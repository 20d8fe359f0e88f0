//! A state partition that was repaired at a risk, or made new, as the initramfs stage notes it: told on the console page and in
//! `holdfast status`, by a condition of the node and by an event, for as long as the record is kept.

use super::backoff::Backoff;
use super::context::Keeper;
use super::folder::{self, Folder};
use super::tell::{Condition, Warning, node_reference};
use init_api::{STATE_REPAIR_RECORD, StateRepair, StateRepairKind, paths};
use k8s_openapi::api::core::v1::Node;
use kube::api::Api;
use kube::{Client, Error};
use std::fs;
use std::path::Path;
use tracing::debug;

const TOPIC: &str = "state";
/// The condition of the node, and the reason of the events.
const CONDITION: &str = "StateDamaged";

/// A record, and the name of its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Repair {
    number: u64,
    record: StateRepair,
}

/// Shows it on this machine, whether or not the API answers.
pub(super) async fn show(keeper: &Keeper) {
    let folder = keeper.paths.at(paths::STATE_REPAIRS);
    let mut watched = Folder::watch(&folder).ok();
    loop {
        let problems = all(&folder).iter().map(Repair::message).collect();
        keeper.report.problems(TOPIC, problems);
        folder::changed(&mut watched).await;
    }
}

/// Keeps the node's condition as things are, and makes an event of each repair. A failure is tried again.
pub(super) async fn tell(keeper: &Keeper, client: &Client) {
    let folder = keeper.paths.at(paths::STATE_REPAIRS);
    let name = keeper.settings.node.name.as_str();
    let mut backoff = Backoff::new();
    let mut watched = Folder::watch(&folder).ok();
    loop {
        match bring_in_line(client, name, &all(&folder)).await {
            Ok(()) => {
                backoff.reset();
                folder::changed(&mut watched).await;
            }
            // The node may not be registered yet.
            Err(error) => {
                debug!("cannot tell about the repair of state: {error}");
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

async fn bring_in_line(client: &Client, name: &str, repairs: &[Repair]) -> Result<(), Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    let node = nodes.get(name).await?;
    if let Some(condition) = condition(&node, repairs) {
        condition.ensure(client, &node).await?;
    }
    for repair in repairs {
        let warning = Warning {
            once: Some(format!("state-repair-{}", repair.number)),
            reason: CONDITION,
            message: repair.message(),
        };
        warning.publish(client, &node_reference(&node)).await?;
    }
    Ok(())
}

/// How things are; none if all is well and always was.
fn condition(node: &Node, repairs: &[Repair]) -> Option<Condition> {
    if let Some(repair) = repairs.last() {
        return Some(Condition {
            kind: CONDITION,
            holds: true,
            reason: repair.reason(),
            message: repair.message(),
        });
    }
    let whole = Condition {
        kind: CONDITION,
        holds: false,
        reason: "Whole",
        message: "no repair of the state partition is on record".to_owned(),
    };
    whole.of(node).is_some().then_some(whole)
}

impl Repair {
    /// A word for machines.
    fn reason(&self) -> &'static str {
        match self.record.what {
            StateRepairKind::Repaired => "Repaired",
            StateRepairKind::Renewed => "MadeNew",
            StateRepairKind::Other => "Replaced",
        }
    }

    /// For people.
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
    use super::{all, condition};
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
        assert_eq!(condition(&new, &[]), None, "never damaged");
        let told = condition(&new, &repairs).expect("a condition");
        assert_eq!((told.holds, told.reason), (true, "MadeNew"));
        let damaged = node(json!([{ "type": told.kind, "status": "True" }]));
        assert!(!condition(&damaged, &[]).expect("a condition").holds);
    }
}
