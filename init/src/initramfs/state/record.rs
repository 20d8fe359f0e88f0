//! The record of a repair, on the state partition that was repaired.

use super::undo::Undo;
use crate::clock;
use crate::report::{Log, with_cause};
use init_api::{Root, STATE_REPAIR_RECORD, StateOutcome, StateRepair, StateRepairKind, paths};
use std::fs;
use std::path::{Path, PathBuf};

/// More are not kept: of a disk that is damaged at every boot, the last ones tell enough.
const KEPT: usize = 3;
/// As much of what the check said as fits a message, in bytes.
const LONGEST: usize = 400;

/// Notes on state, mounted at `mounted`, what was done, with the undo files and the output of `e2fsck`. A failure is logged: the
/// node runs without the record.
pub(super) fn write(
    mounted: &Path,
    outcome: StateOutcome,
    why: &str,
    undo: &mut Undo<'_>,
    logs: &Path,
    log: &Log,
) {
    let what = match outcome {
        StateOutcome::RepairedAtRisk => StateRepairKind::Repaired,
        StateOutcome::Renewed => StateRepairKind::Renewed,
        StateOutcome::Created
        | StateOutcome::Clean
        | StateOutcome::Repaired
        | StateOutcome::Unusable => return,
    };
    let all = Root::new(mounted).path(paths::STATE_REPAIRS);
    let number = make_room(&all);
    let folder = all.join(number.to_string());
    if let Err(error) = fs::create_dir_all(&folder) {
        log.error(&format!("cannot make {}: {error}", folder.display()));
        return;
    }
    for name in ["e2fsck.log", "e2fsck-repair.log"] {
        // For people who want to know more.
        let _ = fs::copy(logs.join(name), folder.join(name));
    }
    let on_node = PathBuf::from(paths::STATE_REPAIRS).join(number.to_string());
    let kept = undo.keep(&folder);
    let record = StateRepair {
        found: clock::rfc3339(clock::wall_millis()),
        why: shortened(why),
        what,
        undo: kept
            .iter()
            .map(|name| on_node.join(name).display().to_string())
            .collect(),
        lost_and_found: entries(&mounted.join("lost+found")),
    };
    match init_api::store(folder.join(STATE_REPAIR_RECORD), &record) {
        Ok(()) => undo.clear(),
        Err(error) => log.error(&with_cause(&error)),
    }
}

/// Removes the oldest folders; gives the number of the next one.
fn make_room(all: &Path) -> u64 {
    let entries = fs::read_dir(all).into_iter().flatten().flatten();
    let mut numbers: Vec<u64> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    let too_many = (numbers.len() + 1).saturating_sub(KEPT);
    for number in &numbers[..too_many] {
        let _ = fs::remove_dir_all(all.join(number.to_string()));
    }
    numbers.last().map_or(1, |last| last + 1)
}

fn entries(folder: &Path) -> u64 {
    fs::read_dir(folder).map_or(0, |entries| entries.count() as u64)
}

fn shortened(text: &str) -> String {
    let end = text
        .char_indices()
        .map(|(at, _)| at)
        .nth(LONGEST)
        .unwrap_or(text.len());
    text[..end].to_owned()
}
