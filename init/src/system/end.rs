//! The end: pods, stray processes, file systems, then the kernel.

use super::file_systems;
use super::next_start::Question;
use crate::clock;
use crate::report::Log;
use crate::supervise::{Groups, is_populated, kill, processes};
use crate::watchdog::Guard;
use host::with_causes;
use init_api::{BootNote, BootRecord, Down, FileError, Partitions, TrialLogs, UnconfirmedBoot};
use rustix::process::{Pid, Signal, kill_process};
use rustix::system::{RebootCommand, reboot};
use std::ffi::CString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long pods, whose kubelet is gone, get to end by themselves.
const PODS: Duration = Duration::from_secs(10);
/// How long killed processes get to be gone.
const KILLED: Duration = Duration::from_secs(5);
/// How long a record on the state partition gets to be written.
const RECORDED: Duration = Duration::from_secs(10);
/// How long the last lines of logs get to be written.
const WRITTEN: Duration = Duration::from_secs(10);
/// How long everything written gets to be on the disks: a USB stick takes minutes for what was just pulled.
const CLOSED: Duration = Duration::from_secs(15 * 60);
/// The kernel tells only pollers when a group has become empty; it is looked at this often.
const LOOK: Duration = Duration::from_millis(50);

/// A machine whose services have ended, about to go down.
#[derive(Debug)]
pub(super) struct Departure {
    pub(super) end: Down,
    /// What has to be asked about the next start; none where the boot loader decides by itself.
    pub(super) next: Option<Question>,
    /// What is to be written about a trial that ended with this boot, and where.
    pub(super) record: Option<(PathBuf, UnconfirmedBoot)>,
    /// How this boot ends, for the next one, and where that is written; none once it is.
    pub(super) note: Option<(PathBuf, BootNote)>,
    /// What still writes an earlier note of this boot.
    pub(super) ready_note: Option<JoinHandle<()>>,
    /// The logs of a trial that ran out of time; they are kept when they are whole.
    pub(super) trial_logs: Option<TrialLogs>,
    /// Where the time is noted for the next boot; none if the clock is not believed.
    pub(super) clock: Option<PathBuf>,
    /// What the initramfs stage says about the booted disk.
    pub(super) boot: Option<BootRecord>,
    pub(super) groups: Groups,
    /// The thread that writes the logs to their end: open files keep a file system from being made read-only.
    pub(super) logs: Option<JoinHandle<()>>,
    pub(super) log: Log,
    pub(super) guard: Guard,
}

impl Departure {
    /// Writes down how the boot ended: the state partition is still mounted, and may be what has failed.
    pub(super) fn write_record(&mut self) {
        if let Some((path, record)) = self.record.take() {
            let write = move || init_api::store(path, &record);
            self.write_down("why this boot was not confirmed", write);
        }
        if let Some((path, note)) = self.note.take() {
            let earlier = self.ready_note.take();
            self.write_down("how this boot ends", move || {
                // One that failed is no reason not to write this.
                let _ = earlier.map(JoinHandle::join);
                init_api::store(path, &note)
            });
        }
    }

    fn write_down(
        &mut self,
        what: &str,
        write: impl FnOnce() -> Result<(), FileError> + Send + 'static,
    ) {
        let write = move || write().map_err(|error| with_causes(&error));
        if let Err(failure) = in_time(write, "state", &mut self.guard) {
            self.log
                .error(&format!("cannot write down {what}: {failure}"));
        }
    }

    /// Notes the time, for a machine without a clock of its own.
    pub(super) fn note_clock(&mut self) {
        let Some(path) = self.clock.take() else {
            return;
        };
        let note = move || drop(clock::note(&path, clock::wall()));
        if let Err(error) = in_thread(note, RECORDED, &mut self.guard) {
            self.log.error(&format!("cannot note the time: {error}"));
        }
    }

    /// Ends pods and all other processes, makes everything written last, and leaves.
    pub(super) fn leave(mut self) -> ! {
        self.write_record();
        self.note_clock();
        let Self {
            end,
            next,
            record: _,
            note: _,
            ready_note: _,
            trial_logs,
            clock: _,
            boot,
            groups,
            logs,
            log,
            mut guard,
        } = self;
        end_pods(&groups.pods(), &log, &mut guard);
        end_processes(&log, &mut guard);
        if let Some(logs) = logs
            && !fed_until(WRITTEN, &mut guard, || logs.is_finished())
        {
            log.error("the services' logs cannot be written to their end");
        }
        if let Some(logs) = trial_logs {
            let keep = move || logs.keep().map_err(|error| error.to_string());
            if let Err(failure) = in_time(keep, "state", &mut guard) {
                log.error(&format!("cannot keep the logs of this trial: {failure}"));
            }
        }
        close_file_systems(boot.as_ref(), &log, &mut guard);
        let word = next.and_then(|next| word_for_restart(next, &log, &mut guard));
        log.line(&format!("{} now", end.name()));
        if let Some(word) = word {
            let error = sys::restart_with(&word);
            log.error(&format!(
                "the kernel does not restart with {word:?}: {error}"
            ));
        }
        let command = match end {
            Down::Reboot => RebootCommand::Restart,
            Down::PowerOff => RebootCommand::PowerOff,
        };
        loop {
            if let Err(error) = reboot(command) {
                log.error(&format!("the kernel does not {}: {error}", end.name()));
            }
            // The watchdog, not fed any more, has the last word.
            thread::sleep(Duration::from_secs(1));
        }
    }
}

/// The word for the kernel. Without it the last good release is next, whatever hindered the question.
fn word_for_restart(next: Question, log: &Log, guard: &mut Guard) -> Option<CString> {
    in_time(move || next.answer(), "boot", guard).unwrap_or_else(|error| {
        log.error(&format!("the last good release is next: {error}"));
        None
    })
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
    fed_until(limit, guard, || {
        while super::signals::reap().is_some() {}
        !is_populated(group)
    });
}

fn signal(pids: &[i32], signal: Signal) {
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        // One that has ended meanwhile is what is wanted.
        let _ = kill_process(pid, signal);
    }
}

/// Everything that still runs: shims, shells of people, orphans.
fn end_processes(log: &Log, guard: &mut Guard) {
    let mut left = Vec::new();
    let ended = fed_until(KILLED, guard, || {
        while super::signals::reap().is_some() {}
        left = user_processes(Path::new("/proc"));
        signal(&left, Signal::KILL);
        left.is_empty()
    });
    if !ended {
        log.error(&format!("{} processes do not end", left.len()));
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

/// Closes all file systems. A disk that is slow gets its time, one that hangs does not keep the machine up.
fn close_file_systems(boot: Option<&BootRecord>, log: &Log, guard: &mut Guard) {
    let ours: Vec<PathBuf> = boot
        .iter()
        .flat_map(|boot| device_nodes(&boot.partitions))
        .collect();
    log.line("writing everything to the disks");
    let (tell, told) = mpsc::channel();
    let closing = in_thread(move || file_systems::close_all(&ours, &tell), CLOSED, guard);
    told.try_iter().for_each(|error: String| log.error(&error));
    match closing {
        Ok(true) => {}
        Ok(false) => log.error(&format!(
            "a file system does not close within {} minutes; going down without it",
            CLOSED.as_secs() / 60
        )),
        Err(error) => {
            log.error(&format!("cannot close file systems: {error}"));
            rustix::fs::sync();
        }
    }
}

/// Device nodes of the booted disk's partitions.
fn device_nodes(partitions: &Partitions) -> impl Iterator<Item = PathBuf> {
    let Partitions {
        boot,
        config,
        root,
        spare_root,
        state,
        opened_state,
    } = partitions.clone();
    [boot, config, root, spare_root, state, opened_state]
        .into_iter()
        .flatten()
}

/// Does work on a partition that may not answer; what it gives, or why it was not done.
fn in_time<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
    partition: &str,
    guard: &mut Guard,
) -> Result<T, String> {
    let (sender, result) = mpsc::channel();
    let work = move || {
        // Nobody listens only after this has taken too long.
        let _ = sender.send(work());
    };
    match in_thread(work, RECORDED, guard) {
        Ok(true) => result.recv().unwrap_or_else(|error| Err(error.to_string())),
        Ok(false) => Err(format!("the {partition} partition does not answer")),
        Err(error) => Err(error.to_string()),
    }
}

/// Does work that may hang in the kernel, in a thread of its own; tells whether it was done in time.
fn in_thread(
    work: impl FnOnce() + Send + 'static,
    limit: Duration,
    guard: &mut Guard,
) -> io::Result<bool> {
    let thread = thread::Builder::new().spawn(work)?;
    Ok(fed_until(limit, guard, || thread.is_finished()))
}

/// Feeds the watchdog until something is done, or for as long as it may take; tells whether it is.
fn fed_until(limit: Duration, guard: &mut Guard, mut done: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    loop {
        if done() {
            return true;
        }
        if begin.elapsed() >= limit {
            return false;
        }
        guard.feed();
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::{device_nodes, in_thread, user_processes};
    use crate::watchdog::Guard;
    use init_api::Partitions;
    use std::fs;
    use std::path::PathBuf;
    use std::thread;
    use std::time::{Duration, Instant};

    #[test]
    fn what_hangs_is_left_behind_and_what_is_slow_is_waited_for() {
        let mut guard = Guard::default();
        let begin = Instant::now();
        let forever = || thread::sleep(Duration::from_secs(600));
        let done = in_thread(forever, Duration::from_millis(100), &mut guard).expect("thread");
        assert!(!done && begin.elapsed() < Duration::from_secs(60));
        let slow = || thread::sleep(Duration::from_millis(200));
        assert!(in_thread(slow, Duration::from_secs(60), &mut guard).expect("thread"));
        assert!(begin.elapsed() >= Duration::from_millis(300));
    }

    #[test]
    fn the_booted_disk_by_its_partitions() {
        let partitions = Partitions {
            config: Some("/dev/vda2".into()),
            state: Some("/dev/vda5".into()),
            ..Partitions::default()
        };
        let expected = ["/dev/vda2", "/dev/vda5"].map(PathBuf::from);
        assert_eq!(device_nodes(&partitions).collect::<Vec<_>>(), expected);
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
