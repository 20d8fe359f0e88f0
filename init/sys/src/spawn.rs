//! Starting a process in its own session and control group.

use crate::Limits;
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use rustix::process::{Resource, Rlimit, chroot, setrlimit, setsid};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// What is done in the child between fork and exec.
#[derive(Debug, Default)]
pub struct Launch {
    /// The open `cgroup.procs` of the group to enter.
    pub group: Option<File>,
    /// `/proc/self/oom_score_adj`.
    pub oom_score_adj: Option<i16>,
    /// `RLIMIT_NOFILE`, soft and hard.
    pub open_files: Option<u64>,
    /// The root directory of the process; the command's path and arguments are meant below it.
    pub root: Option<PathBuf>,
    /// What it is kept from.
    pub limits: Option<Limits>,
}

impl Launch {
    /// Makes the command do all this before its program runs.
    pub fn apply(self, command: &mut Command) -> &mut Command {
        let adjustment = self.oom_score_adj.map(|value| value.to_string());
        let Self {
            mut group,
            open_files,
            root,
            limits,
            ..
        } = self;
        let prepare = move || -> io::Result<()> {
            if let Some(procs) = &mut group {
                // "0" means the writer itself.
                procs.write_all(b"0")?;
            }
            if let Some(text) = &adjustment {
                File::options()
                    .write(true)
                    .open("/proc/self/oom_score_adj")?
                    .write_all(text.as_bytes())?;
            }
            if let Some(count) = open_files {
                let limit = Rlimit {
                    current: Some(count),
                    maximum: Some(count),
                };
                setrlimit(Resource::Nofile, limit)?;
            }
            if let Some(root) = &root {
                chroot(root)?;
                std::env::set_current_dir("/")?;
            }
            setsid()?;
            // PID 1 blocks the signals that it reads from a descriptor; its children must not inherit that.
            SigSet::empty().thread_set_mask()?;
            // Last: whatever is done before needs what is taken away here.
            limits.as_ref().map_or(Ok(()), Limits::enforce)
        };
        // SAFETY: the closure runs after fork, perhaps while another thread of the parent (PID 1's log writer) holds a
        // lock. It takes no lock and allocates nothing: system calls, with paths short enough for a buffer on the stack.
        unsafe { command.pre_exec(prepare) }
    }
}

/// A write to a closed pipe gives an error instead of ending the program.
///
/// # Errors
/// The kernel refuses, which it does not.
pub fn ignore_broken_pipes() -> io::Result<()> {
    // SAFETY: ignoring a signal installs no handler that could run.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) }?;
    Ok(())
}
