//! The record of a repair, on the state partition that was repaired.

use super::undo::Undo;
use crate::clock;
use crate::report::Log;
use host::with_causes;
use init_api::{Root, STATE_REPAIR_RECORD, StateOutcome, StateRepair, StateRepairKind, paths};
use std::fs;
use std::path::{Path, PathBuf};

/// More are not kept: of a disk that is damaged at every boot, the last ones tell enough.
const KEPT: usize = 3;
/// As much of what the check said as fits a message, in characters.
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
        Err(error) => log.error(&with_causes(&error)),
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

#[cfg(test)]
mod tests {
    use super::write;
    use crate::initramfs::state::undo::Undo;
    use crate::report::Log;
    use init_api::{Root, StateOutcome, StateRepair, StateRepairKind, paths};
    use std::fs;
    use std::path::Path;

    #[test]
    fn what_was_done_is_on_state_with_what_takes_it_back() {
        let folder = tempfile::tempdir().expect("folder");
        let (state, memory) = (folder.path().join("state"), folder.path().join("memory"));
        let logs = folder.path().join("logs");
        for made in [&state.join("lost+found"), &memory, &logs] {
            fs::create_dir_all(made).expect("folder");
        }
        fs::write(state.join("lost+found/#12"), "").expect("written");
        fs::write(logs.join("e2fsck-repair.log"), "Inode 12 …").expect("written");
        for n in [1, 2] {
            let file = memory.join(format!("state-repair-{n}.e2undo"));
            fs::write(file, format!("undo {n}")).expect("written");
        }
        let log = Log::default();
        let repairs = Root::new(&state).path(paths::STATE_REPAIRS);
        let done = |outcome, why: &str| {
            let mut undo = Undo::new(Path::new("/"), None, &log);
            undo.memory = Some(memory.clone());
            write(&state, outcome, why, &mut undo, &logs, &log);
        };
        for quiet in [StateOutcome::Clean, StateOutcome::Repaired] {
            done(quiet, "");
            assert!(!repairs.exists(), "{quiet:?}");
        }
        done(StateOutcome::RepairedAtRisk, &"ä".repeat(1000));
        let record = |number: u32| -> StateRepair {
            init_api::load(repairs.join(format!("{number}/what.json"))).expect("a record")
        };
        let first = record(1);
        assert_eq!(first.what, StateRepairKind::Repaired);
        assert_eq!((first.lost_and_found, first.why.chars().count()), (1, 400));
        let names = [1, 2].map(|n| format!("{}/1/state-repair-{n}.e2undo", paths::STATE_REPAIRS));
        assert_eq!(first.undo, names);
        for n in [1, 2] {
            let kept = repairs.join(format!("1/state-repair-{n}.e2undo"));
            assert_eq!(fs::read_to_string(kept).expect("kept"), format!("undo {n}"));
        }
        assert!(repairs.join("1/e2fsck-repair.log").exists());

        // A disk that is damaged at every boot.
        for _ in 2..=5 {
            done(StateOutcome::Renewed, "exit code 8");
        }
        let mut left: Vec<_> = fs::read_dir(&repairs)
            .expect("records")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["3", "4", "5"]);
        assert_eq!(record(5).what, StateRepairKind::Renewed);
    }
}
