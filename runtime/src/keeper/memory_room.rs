//! Room in memory for quiet pods.
//!
//! A pod that neither asks for memory nor has a limit may take all that pods together may have. Then the kernel looks for memory among all of them, and ends whose
//! process is largest: the wrong one where memory is taken by files (`emptyDir` with `medium: Memory`), which belong to no process
//! and stay. So the group of such a pod gets a limit that is a little lower. Whoever reaches it is alone with it: the kernel looks
//! there, and ends nobody else. One that asks for memory is left alone: it may have asked for more than that.
//!
//! The kubelet writes limits that a pod has when it makes the group, and none otherwise; so a group without one is ours to limit.

use super::context::Keeper;
use super::folder::{Folder, touched};
use crate::Paths;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;
use tracing::{debug, info};

/// The group that all pods are in, with their limit.
const PODS: &str = "/sys/fs/cgroup/kubepods";
/// Where pods are that neither ask for anything nor have a limit; the kubelet makes it at its first start.
const PODS_WITHOUT: &str = "/sys/fs/cgroup/kubepods/besteffort";
const LIMIT: &str = "memory.max";
const NONE: &str = "max";
/// One part in so many of what pods may have is not for a single one of them.
const OTHERS: u64 = 8;
/// As many bytes are enough for others.
const ENOUGH: u64 = 256 << 20;
/// A group that was made before the watch began, or that lost its limit.
const SELDOM: Duration = Duration::from_secs(10);

/// Limits pods as they come, for ever.
pub(super) async fn keep(keeper: &Keeper) {
    let paths = &keeper.paths;
    let (mut folder, mut last) = (None, None);
    loop {
        if folder.is_none() {
            folder = Folder::watch(&paths.at(PODS_WITHOUT)).ok();
        }
        let limit = limit_of_one(paths);
        if limit != last
            && let Some(bytes) = limit
        {
            info!("a pod that asks for no memory may have {} MiB", bytes >> 20);
        }
        last = limit;
        limit_all(paths, limit);
        // Not told in time, it looks by itself.
        let _ = timeout(SELDOM, touched(&mut folder)).await;
    }
}

/// What one pod may have at most, in bytes; nothing as long as all together have no limit.
fn limit_of_one(paths: &Paths) -> Option<u64> {
    let all = fs::read_to_string(paths.at(PODS).join(LIMIT)).ok()?;
    let all: u64 = all.trim().parse().ok()?;
    Some(all - (all / OTHERS).min(ENOUGH))
}

fn limit_all(paths: &Paths, limit: Option<u64>) {
    let Some(limit) = limit else { return };
    let groups = fs::read_dir(paths.at(PODS_WITHOUT)).into_iter();
    for group in groups.flatten().flatten() {
        let is_pod = group.file_name().as_encoded_bytes().starts_with(b"pod");
        // One that is just gone needs none.
        if is_pod && let Err(error) = limit_one(&group.path(), limit) {
            debug!("{} has no limit: {error}", group.path().display());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
fn limit_one(group: &Path, limit: u64) -> io::Result<()> {
    let file = group.join(LIMIT);
    if fs::read_to_string(&file)?.trim() == NONE {
        fs::write(&file, limit.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, PODS, limit_all, limit_of_one};
    use crate::Paths;
    use std::fs;

    #[test]
    fn pods_that_ask_for_nothing_get_a_limit() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        let write = |group: &str, limit: &str| {
            let group = paths.at(PODS).join(group);
            fs::create_dir_all(&group).expect("folder");
            fs::write(group.join(LIMIT), limit).expect("written");
        };
        let read = |group: &str| {
            let file = paths.at(PODS).join(group).join(LIMIT);
            fs::read_to_string(file).expect("read")
        };
        write("", "max\n");
        write("besteffort/pod1", "max\n");
        assert_eq!(limit_of_one(&paths), None, "no limit for all yet");
        limit_all(&paths, None);
        assert_eq!(read("besteffort/pod1"), "max\n");

        write("", "800000\n");
        write("besteffort", "max\n");
        write("besteffort/pod2", "4096\n");
        write("burstable/pod3", "max\n");
        limit_all(&paths, limit_of_one(&paths));
        for (group, expected) in [
            ("", "800000\n"),
            ("besteffort", "max\n"),
            ("besteffort/pod1", "700000"),
            ("besteffort/pod2", "4096\n"),
            ("burstable/pod3", "max\n"),
        ] {
            assert_eq!(read(group), expected, "{group:?}");
        }
    }

    #[test]
    fn a_large_machine_keeps_back_enough_and_no_more() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        fs::create_dir_all(paths.at(PODS)).expect("folder");
        for (all, expected) in [(1263_u64 << 20, 1263 << 20), (30 << 30, 30 << 30)] {
            fs::write(paths.at(PODS).join(LIMIT), all.to_string()).expect("written");
            let one = limit_of_one(&paths).expect("a limit");
            let others = expected - one;
            assert_eq!(others, (all / 8).min(256 << 20), "{all}");
        }
    }
}
