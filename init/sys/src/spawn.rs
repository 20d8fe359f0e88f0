//! Starting a process in its own session and control group.

use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use rustix::process::{Resource, Rlimit, setrlimit, setsid};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
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
}

impl Launch {
    /// Starts the command and gives its process id. The caller reaps it.
    ///
    /// # Errors
    /// The group cannot be entered, a limit cannot be set, or the program cannot be run.
    pub fn start(self, command: &mut Command) -> io::Result<u32> {
        let adjustment = self.oom_score_adj.map(|value| value.to_string());
        let mut group = self.group;
        let open_files = self.open_files;
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
            setsid()?;
            // PID 1 blocks the signals that it reads from a descriptor; its children must not inherit that.
            SigSet::empty().thread_set_mask()?;
            Ok(())
        };
        // SAFETY: the closure runs after fork in a process with one thread (PID 1 never starts a second one) and only
        // makes system calls, apart from one path made into a C string.
        unsafe { command.pre_exec(prepare) };
        command.spawn().map(|child| child.id())
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
