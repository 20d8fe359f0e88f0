//! `kubectl`, which ends when a person gives up.

use anyhow::{Context, bail};
use host::Command;
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const KUBECTL: &str = "/usr/bin/kubectl";
const ADMIN: &str = "--kubeconfig=/run/holdfast/cluster/admin.kubeconfig";
/// For a kubectl that hangs.
pub(super) const LONGEST: Duration = Duration::from_secs(330);
/// How long one that is to end has until it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Kubectl {
    /// Program and first arguments.
    start: Vec<String>,
    stop: Arc<AtomicBool>,
}

impl Kubectl {
    /// The image's. From now on Ctrl-C, `kill` and a lost terminal only say that it shall stop: whoever uses it undoes what was
    /// begun.
    pub(super) fn that_can_be_stopped() -> anyhow::Result<Kubectl> {
        Kubectl::starting_with(&[KUBECTL, ADMIN])
    }

    pub(super) fn starting_with(start: &[&str]) -> anyhow::Result<Kubectl> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // `nohup` asks that this goes on.
            if !is_ignored(signal) {
                signal_hook::flag::register(signal, Arc::clone(&stop))
                    .context("cannot listen for signals")?;
            }
        }
        Ok(Kubectl {
            start: start.iter().map(ToString::to_string).collect(),
            stop,
        })
    }

    /// An error if it shall stop.
    pub(super) fn not_stopped(&self) -> anyhow::Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            bail!("interrupted: the machine stays up");
        }
        Ok(())
    }

    /// What it says. It goes on when all shall stop: it is short, and some of it undoes what was begun.
    pub(super) fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(&self.start[0])
            .args(&self.start[1..])
            .args(arguments)
            .run()?;
        Ok(output.text())
    }

    /// Runs it with our output, until it ends, or shall stop.
    pub(super) fn run_until_stopped(&self, arguments: &[&str]) -> anyhow::Result<()> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a host::Command cannot be ended before its time is over; this one has a deadline, too"
        )]
        let mut command = process::Command::new(&self.start[0]);
        // A group of its own, so that Ctrl-C comes here alone and all of it can be ended.
        command
            .args(&self.start[1..])
            .args(arguments)
            .stdin(Stdio::null())
            .process_group(0);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", self.start[0]))?;
        let began = Instant::now();
        while began.elapsed() < LONGEST {
            if let Some(status) = child.try_wait().context("cannot wait for kubectl")? {
                self.not_stopped()?;
                if !status.success() {
                    bail!("`kubectl {}` ended with {status}", arguments.join(" "));
                }
                return Ok(());
            }
            if let Err(stopped) = self.not_stopped() {
                end(&mut child);
                return Err(stopped);
            }
            thread::sleep(LOOK);
        }
        end(&mut child);
        bail!(
            "`kubectl {}` did not end within {} s and was killed",
            arguments.join(" "),
            LONGEST.as_secs()
        )
    }
}

/// Ends it, by force if need be. One that does not even die is left behind: what was begun must be undone.
fn end(child: &mut Child) {
    let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return;
    };
    for signal in [Signal::TERM, Signal::KILL] {
        // Gone meanwhile is what is wanted.
        let _ = kill_process_group(group, signal);
        let began = Instant::now();
        while began.elapsed() < GRACE {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(LOOK);
        }
    }
}

/// Whether this process was started with the signal switched off.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
