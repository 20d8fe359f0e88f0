//! Room in memory for quiet pods.
//!
//! A pod that neither asks for memory nor has a limit may take all that pods together may have. Then the kernel looks for memory among all of them, and ends whose
//! process is largest: the wrong one where memory is taken by files (`emptyDir` with `medium: Memory`), which belong to no process
//! and stay. So the group of such a pod gets a limit that is a little lower. Whoever reaches it is alone with it: the kernel looks
//! there, and ends nobody else. One that asks for memory is left alone: it may have asked for more than that.
//!
//! Each pod also costs the system something (its shim, its part of the kubelet's and the API server's tables), and the kernel. Where that
//! is more than was set aside for both, such as with a hundred pods on a small machine, all of memory would be gone before a pod
//! reaches its limit, and the kernel would take pages from everybody. So it never gets more than there is for pods at the moment.
//!
//! The kubelet writes limits that a pod has when it makes the group, and none otherwise; so a group without one is ours to limit, and
//! one with the limit that we wrote is ours to change.

mod there;

use super::context::Keeper;
use super::folder::{Folder, touched};
use crate::Paths;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use there::{PODS, number};
use tokio::time::timeout;
use tracing::{debug, info};

/// Where pods are that neither ask for anything nor have a limit; the kubelet makes it at its first start.
const PODS_WITHOUT: &str = "/sys/fs/cgroup/kubepods/besteffort";
const LIMIT: &str = "memory.max";
const NONE: &str = "max";
/// One part in so many of what pods may have is not for a single one of them.
const OTHERS: u64 = 8;
/// As many bytes are enough for others.
const ENOUGH: u64 = 256 << 20;
/// A limit changes in steps of so many bytes: what the system needs goes up and down a little all the time.
const STEP: u64 = 64 << 20;
/// A group that was made before the watch began, or that lost its limit.
const SELDOM: Duration = Duration::from_secs(10);

/// Limits pods as they come, for ever.
pub(super) async fn keep(keeper: &Keeper) {
    let (mut folder, mut room) = (None, Room::of(&keeper.paths));
    loop {
        if folder.is_none() {
            folder = Folder::watch(&keeper.paths.at(PODS_WITHOUT)).ok();
        }
        if room.update()
            && let Some(bytes) = room.limit
        {
            info!("a pod that asks for no memory may have {} MiB", bytes >> 20);
        }
        room.limit_all();
        // Not told in time, it looks by itself.
        let _ = timeout(SELDOM, touched(&mut folder)).await;
    }
}

/// What a single pod may have, and who was given that.
struct Room<'a> {
    paths: &'a Paths,
    /// In bytes; nothing as long as all together have no limit.
    limit: Option<u64>,
    /// The limits that were written, as the kernel shows them, by the groups that have them.
    ours: BTreeMap<PathBuf, String>,
}

impl<'a> Room<'a> {
    fn of(paths: &'a Paths) -> Self {
        Self {
            paths,
            limit: None,
            ours: BTreeMap::new(),
        }
    }

    /// Takes in what a pod may have now; tells whether that changed.
    fn update(&mut self) -> bool {
        let limit = limit_of_one(self.paths);
        let changed = match (self.limit, limit) {
            (Some(before), Some(now)) => before.abs_diff(now) >= STEP,
            (before, now) => before != now,
        };
        if changed {
            self.limit = limit;
        }
        changed
    }

    fn limit_all(&mut self) {
        let Some(limit) = self.limit else { return };
        let groups = fs::read_dir(self.paths.at(PODS_WITHOUT)).into_iter();
        let groups = groups.flatten().flatten().map(|group| group.path());
        let groups: Vec<PathBuf> = groups.filter(|group| is_pod(group)).collect();
        self.ours.retain(|group, _| groups.contains(group));
        for group in groups {
            // One that is just gone needs none.
            if let Err(error) = self.limit_one(&group, limit) {
                debug!("{} has no limit: {error}", group.display());
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
    fn limit_one(&mut self, group: &Path, limit: u64) -> io::Result<()> {
        let file = group.join(LIMIT);
        let now = fs::read_to_string(&file)?;
        let ours = self.ours.get(group).is_some_and(|written| *written == now);
        let others = !ours && now.trim() != NONE;
        if others || now.trim() == limit.to_string() {
            return Ok(());
        }
        fs::write(&file, limit.to_string())?;
        self.ours
            .insert(group.to_owned(), fs::read_to_string(&file)?);
        Ok(())
    }
}

fn is_pod(group: &Path) -> bool {
    let name = group.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b"pod")
}

/// What one pod may have at most, in bytes, in whole mebibytes, which no kernel rounds.
fn limit_of_one(paths: &Paths) -> Option<u64> {
    let all = number(&paths.at(PODS).join(LIMIT))?;
    let there = there::for_pods(paths).unwrap_or(all);
    let one = all.min(there).saturating_sub((all / OTHERS).min(ENOUGH));
    Some(one.max(all / 4) >> 20 << 20)
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, PODS, Room, limit_of_one, there};
    use crate::Paths;
    use std::fs;

    const MIB: u64 = 1 << 20;

    fn write(paths: &Paths, file: &str, text: &str) {
        let file = paths.at(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("folder");
        fs::write(file, text).expect("written");
    }

    fn limit(paths: &Paths, group: &str, limit: &str) {
        write(paths, &format!("{PODS}/{group}/{LIMIT}"), limit);
    }

    fn limited(paths: &Paths, group: &str) -> String {
        fs::read_to_string(paths.at(PODS).join(group).join(LIMIT)).expect("read")
    }

    /// Memory that is free, with nothing else known of the machine.
    fn free(paths: &Paths, mib: u64) {
        write(
            paths,
            "/proc/meminfo",
            &format!("MemFree: {} kB\n", mib << 10),
        );
        write(paths, "/proc/sys/vm/min_free_kbytes", "8192\n");
        write(paths, &format!("{PODS}/memory.current"), "0\n");
        write(paths, there::SYSTEM_STAT, "inactive_file 0\n");
    }

    #[test]
    fn pods_that_ask_for_nothing_get_a_limit() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        let mut room = Room::of(&paths);
        limit(&paths, "", "max\n");
        limit(&paths, "besteffort/pod1", "max\n");
        assert!(!room.update(), "no limit for all yet");
        room.limit_all();
        assert_eq!(limited(&paths, "besteffort/pod1"), "max\n");

        limit(&paths, "", &(800 * MIB).to_string());
        limit(&paths, "besteffort", "max\n");
        limit(&paths, "besteffort/pod2", "4096\n");
        limit(&paths, "burstable/pod3", "max\n");
        assert!(room.update());
        room.limit_all();
        for (group, expected) in [
            ("besteffort", "max\n"),
            ("besteffort/pod1", "734003200"),
            ("besteffort/pod2", "4096\n"),
            ("burstable/pod3", "max\n"),
        ] {
            assert_eq!(limited(&paths, group), expected, "{group:?}");
        }
    }

    #[test]
    fn a_pod_gets_no_more_than_there_is() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        let mut room = Room::of(&paths);
        limit(&paths, "", &(1264 * MIB).to_string());
        for group in ["besteffort/pod1", "besteffort/pod2"] {
            limit(&paths, group, "max\n");
        }
        for (mib, expected) in [
            (5000, 1106),
            (1344, 1106),
            // Less than a step.
            (1294, 1106),
            (1044, 806),
            (1344, 1106),
            // A pod needs something, too.
            (50, 316),
        ] {
            free(&paths, mib);
            room.update();
            room.limit_all();
            let now: u64 = limited(&paths, "besteffort/pod1").parse().expect("number");
            assert_eq!(now >> 20, expected, "{mib} MiB are free");
        }
        // Somebody else's since.
        limit(&paths, "besteffort/pod2", "8192\n");
        free(&paths, 5000);
        assert!(room.update());
        room.limit_all();
        assert_eq!(limited(&paths, "besteffort/pod2"), "8192\n");
    }

    #[test]
    fn a_large_machine_keeps_back_enough_and_no_more() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        for all in [1264 * MIB, 30 << 30] {
            limit(&paths, "", &all.to_string());
            let one = limit_of_one(&paths).expect("a limit");
            assert_eq!(all - one, (all / 8).min(256 * MIB), "{all}");
        }
    }
}
