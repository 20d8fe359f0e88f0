//! The end: pods, stray processes, file systems, then the kernel.

use crate::report::Log;
use crate::supervise::{Groups, is_populated, kill, processes};
use crate::watchdog::Guard;
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount_remount, unmount};
use rustix::process::{Pid, Signal, kill_process};
use rustix::system::{RebootCommand, reboot};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How the machine goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Start anew.
    Reboot,
    /// Switch off.
    PowerOff,
}

impl End {
    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::PowerOff => "power off",
        }
    }
}

/// How long pods, whose kubelet is gone, get to end by themselves.
const PODS: Duration = Duration::from_secs(10);
/// How long killed processes get to be gone.
const KILLED: Duration = Duration::from_secs(5);
/// The kernel tells only pollers when a group has become empty; it is looked at this often.
const LOOK: Duration = Duration::from_millis(50);

/// Ends pods and all other processes, makes everything written last, and leaves. Services have ended before.
pub(super) fn leave(end: End, groups: &Groups, log: &Log, guard: &mut Guard) -> ! {
    end_pods(&groups.pods(), log, guard);
    end_processes(log, guard);
    rustix::fs::sync();
    guard.feed();
    close_file_systems(log);
    log.line(&format!("{} now", end.name()));
    let command = match end {
        End::Reboot => RebootCommand::Restart,
        End::PowerOff => RebootCommand::PowerOff,
    };
    loop {
        if let Err(error) = reboot(command) {
            log.error(&format!("the kernel does not {}: {error}", end.name()));
        }
        // The watchdog, not fed any more, has the last word.
        thread::sleep(Duration::from_secs(1));
    }
}

fn end_pods(pods: &Path, log: &Log, guard: &mut Guard) {
    let running = processes(pods);
    if running.is_empty() {
        return;
    }
    log.line(&format!("ending {} processes of pods", running.len()));
    signal(&running, Signal::TERM);
    await_empty(pods, PODS, guard);
    if let Err(error) = kill(pods) {
        log.error(&format!("cannot kill the pods: {error}"));
    }
    await_empty(pods, KILLED, guard);
}

fn await_empty(group: &Path, limit: Duration, guard: &mut Guard) {
    let begin = Instant::now();
    while is_populated(group) && begin.elapsed() < limit {
        guard.feed();
        while super::signals::reap().is_some() {}
        thread::sleep(LOOK);
    }
}

fn signal(pids: &[i32], signal: Signal) {
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        // One that has ended meanwhile is what is wanted.
        let _ = kill_process(pid, signal);
    }
}

/// Everything that still runs: shims, shells of people, orphans.
fn end_processes(log: &Log, guard: &mut Guard) {
    let begin = Instant::now();
    loop {
        while super::signals::reap().is_some() {}
        let left = user_processes(Path::new("/proc"));
        if left.is_empty() {
            return;
        }
        if begin.elapsed() > KILLED {
            log.error(&format!("{} processes do not end", left.len()));
            return;
        }
        signal(&left, Signal::KILL);
        guard.feed();
        thread::sleep(LOOK);
    }
}

/// All processes but PID 1 and the kernel's own threads, which have no command line.
fn user_processes(proc: &Path) -> Vec<i32> {
    let entries = fs::read_dir(proc).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| *pid > 1)
        .filter(|pid| {
            let folder = proc.join(pid.to_string());
            fs::read(folder.join("cmdline")).is_ok_and(|line| !line.is_empty())
        })
        .collect()
}

/// Unmounts everything that lies on a disk, latest first; what is still in use is made read-only, so that the disk is
/// whole in any case.
fn close_file_systems(log: &Log) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    for target in on_disk(&mounts) {
        let unmounted = unmount(&target, UnmountFlags::NOFOLLOW);
        if matches!(unmounted, Ok(()) | Err(Errno::INVAL | Errno::NOENT)) {
            continue;
        }
        if let Err(error) = mount_remount(&target, MountFlags::RDONLY, c"") {
            log.error(&format!("{} stays writable: {error}", target.display()));
        }
    }
    rustix::fs::sync();
}

/// The mount points of writable file systems on block devices, the latest first.
fn on_disk(mountinfo: &str) -> Vec<PathBuf> {
    let mut targets: Vec<PathBuf> = mountinfo
        .lines()
        .filter_map(|line| {
            let (front, back) = line.split_once(" - ")?;
            let target = front.split(' ').nth(4)?;
            let mut back = back.split(' ');
            let (kind, source) = (back.next()?, back.next()?);
            (source.starts_with("/dev/") && kind != "erofs" && kind != "devtmpfs")
                .then(|| unescape(target).into())
        })
        .collect();
    targets.reverse();
    targets
}

/// `mountinfo` writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::{on_disk, user_processes};
    use std::fs;
    use std::path::PathBuf;

    #[test]
    fn disks_are_closed_latest_first() {
        let mounts = "\
1 0 254:0 / / ro shared:1 - erofs /dev/dm-0 ro
2 1 0:5 / /dev rw shared:2 - devtmpfs dev rw
3 1 8:5 / /state rw,noatime shared:3 - ext4 /dev/vda5 rw
4 1 8:5 /var /var rw,noatime shared:3 - ext4 /dev/vda5 rw
5 4 8:5 /var/a\\040b /var/a\\040b rw - ext4 /dev/vda5 rw
6 1 0:30 / /run rw - tmpfs tmpfs rw
";
        let expected: Vec<PathBuf> = ["/var/a b", "/var", "/state"].map(PathBuf::from).into();
        assert_eq!(on_disk(mounts), expected);
    }

    #[test]
    fn kernel_threads_and_pid_1_are_left_alone() {
        let proc = tempfile::tempdir().expect("folder");
        for (pid, line) in [("1", "init\0"), ("2", ""), ("77", "sh\0"), ("self", "x\0")] {
            fs::create_dir(proc.path().join(pid)).expect("folder");
            fs::write(proc.path().join(pid).join("cmdline"), line).expect("write");
        }
        assert_eq!(user_processes(proc.path()), [77]);
    }
}
