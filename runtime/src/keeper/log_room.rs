//! Room for the logs of quiet pods.
//!
//! `/var/log` is in memory and small. The kubelet rotates a container's log when it is larger than it may be, and looks every three
//! seconds: until then a container of a fast machine may have filled all of it, and then no pod can log, and nothing can be
//! rotated, for that takes room, too. So the largest logs are emptied before that. Whoever logs without end loses its own.

use super::context::Keeper;
use rustix::fs::statvfs;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::warn;

const FOLDER: &str = "/var/log";
const PODS: &str = "/var/log/pods";
/// What a container writes in that time fits into the half that is free.
const EVERY: Duration = Duration::from_secs(1);
/// Twice what the kubelet lets a log become before it rotates it, in bytes.
const LARGE: u64 = 4 * 1024 * 1024;

/// A log, or a part of one that was rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Log {
    path: PathBuf,
    size: u64,
}

/// Looks now and then, for ever.
pub(super) async fn keep(keeper: &Keeper) {
    loop {
        tokio::time::sleep(EVERY).await;
        make_room(&keeper.paths.at(FOLDER), &keeper.paths.at(PODS));
    }
}

fn make_room(folder: &Path, pods: &Path) {
    let Ok(room) = statvfs(folder) else {
        return;
    };
    let bytes = |blocks: u64| blocks.saturating_mul(room.f_frsize);
    let (all, free) = (bytes(room.f_blocks), bytes(room.f_bavail));
    let used = all.saturating_sub(free);
    if !is_tight(used, all) {
        return;
    }
    for log in to_empty(logs(pods), used, all) {
        let path = log.path.display();
        // Its writer appends: it goes on at the beginning.
        let done = File::options().write(true).open(&log.path);
        match done.and_then(|file| file.set_len(0)) {
            Ok(()) => warn!(
                "{path} was emptied: it had {} MiB, and {FOLDER} has room for {} MiB",
                log.size >> 20,
                all >> 20
            ),
            Err(error) => warn!("{path} takes the room of others and cannot be emptied: {error}"),
        }
    }
}

/// More than half is taken.
fn is_tight(used: u64, all: u64) -> bool {
    used > all / 2
}

/// The largest first, until half is free again. Logs of a size that the kubelet lets them have are left alone, unless nearly
/// nothing is free: many pods may have many of these.
fn to_empty(mut logs: Vec<Log>, mut used: u64, all: u64) -> Vec<Log> {
    logs.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    let mut chosen = Vec::new();
    for log in logs {
        let is_full = used > all / 10 * 9;
        if !is_tight(used, all) || log.size == 0 || (log.size <= LARGE && !is_full) {
            break;
        }
        used = used.saturating_sub(log.size);
        chosen.push(log);
    }
    chosen
}

/// All files of containers: `<namespace>_<pod>_<uid>/<container>/<number>.log`, and what was rotated beside it.
fn logs(pods: &Path) -> Vec<Log> {
    let below = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
    let containers = below(pods.to_owned()).flat_map(|pod| below(pod.path()));
    let files = containers.flat_map(|container| below(container.path()));
    files
        .filter_map(|file| {
            // Not where a link leads: only what the runtime itself writes here is a log.
            let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
            Some(Log {
                path: file.path(),
                size: about.len(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Log, logs, to_empty};
    use std::fs;

    const MIB: u64 = 1024 * 1024;

    fn sizes(all: &[(&str, u64)]) -> Vec<Log> {
        let log = |(path, mib): &(&str, u64)| Log {
            path: (*path).into(),
            size: mib * MIB,
        };
        all.iter().map(log).collect()
    }

    #[test]
    fn who_logs_without_end_loses_its_own_logs() {
        let quiet: Vec<(String, u64)> = (0..50).map(|n| (format!("quiet-{n:02}"), 4)).collect();
        let quiet: Vec<(&str, u64)> = quiet.iter().map(|(name, mib)| (&**name, *mib)).collect();
        for (case, logs, used, expected) in [
            ("half is free", sizes(&[("loud", 90)]), 100, vec![]),
            (
                "one is loud",
                sizes(&[("quiet", 2), ("loud", 99), ("rotated", 3)]),
                104,
                vec!["loud"],
            ),
            (
                "two are",
                sizes(&[("a", 60), ("b", 90), ("c", 4), ("d", 20)]),
                174,
                vec!["b"],
            ),
            (
                "and one is not enough",
                sizes(&[("a", 60), ("b", 61), ("c", 4), ("d", 50)]),
                175,
                vec!["b", "a"],
            ),
            ("many small ones", sizes(&quiet[..40]), 160, vec![]),
            (
                "and nearly nothing is free",
                sizes(&quiet[..48]),
                192,
                vec!["quiet-00", "quiet-01", "quiet-02"],
            ),
            ("it is something else", sizes(&[("a", 0)]), 199, vec![]),
        ] {
            let emptied = to_empty(logs, used * MIB, 200 * MIB);
            let names: Vec<_> = emptied
                .iter()
                .map(|log| log.path.display().to_string())
                .collect();
            assert_eq!(names, expected, "{case}");
        }
    }

    #[test]
    fn only_files_of_containers_are_logs() {
        let root = tempfile::tempdir().expect("temp folder");
        let container = root.path().join("default_web_1/shell");
        fs::create_dir_all(&container).expect("folder");
        fs::write(container.join("0.log"), "12345").expect("written");
        fs::write(container.join("0.log.20261128-1"), "123").expect("written");
        fs::write(root.path().join("default_web_1/other"), "1").expect("written");
        std::os::unix::fs::symlink("/etc/passwd", container.join("1.log")).expect("a link");
        let mut found: Vec<u64> = logs(root.path()).iter().map(|log| log.size).collect();
        found.sort_unstable();
        assert_eq!(found, [3, 5]);
    }
}
