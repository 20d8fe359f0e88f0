//! Running a program to its end while the watchdog is fed.

use crate::watchdog::Guard;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use thiserror::Error;

/// A program did not do its work.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// It could not be run.
    #[error("cannot run {program}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It did not end in time and was killed.
    #[error("{program} did not end within {} s; it said: {said}", .limit.as_secs())]
    Late {
        /// Which.
        program: String,
        /// How long it had.
        limit: Duration,
        /// The end of its output.
        said: String,
    },
    /// It ended badly.
    #[error("{program} ended with {how}; it said: {said}")]
    Failed {
        /// Which.
        program: String,
        /// Exit code or signal.
        how: String,
        /// The end of its output.
        said: String,
    },
}

/// A program of the mounted root, run in it.
#[derive(Debug)]
pub struct Program<'a> {
    /// The root that it runs in.
    pub root: &'a Path,
    /// Path below that root.
    pub path: &'a str,
    /// Arguments.
    pub arguments: &'a [&'a str],
    /// How long it may take.
    pub limit: Duration,
    /// The exit codes that are good.
    pub good: &'a [i32],
}

impl Program<'_> {
    /// Runs it; gives its exit code. Its output goes to `log`.
    ///
    /// # Errors
    /// It cannot be run, takes too long, or ends with a code that is not good.
    pub fn run(&self, log: &Path, guard: &mut Guard) -> Result<i32, ProgramError> {
        let failed = |source| ProgramError::Start {
            program: self.line(),
            source,
        };
        let mut child = self.start(log).map_err(failed)?;
        let status = self.wait(&mut child, guard).map_err(failed)?;
        let said = || last_lines(log);
        match status.map(|status| (status, status.code())) {
            None => Err(ProgramError::Late {
                program: self.line(),
                limit: self.limit,
                said: said(),
            }),
            Some((_, Some(code))) if self.good.contains(&code) => Ok(code),
            Some((status, code)) => {
                let how = match code {
                    Some(code) => format!("exit code {code}"),
                    None => format!("signal {}", status.signal().unwrap_or_default()),
                };
                Err(ProgramError::Failed {
                    program: self.line(),
                    how,
                    said: said(),
                })
            }
        }
    }

    fn start(&self, log: &Path) -> io::Result<Child> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let output = File::create(log)?;
        let mut command = Command::new(self.path);
        command
            .args(self.arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output);
        let launch = sys::Launch {
            root: Some(PathBuf::from(self.root)),
            ..sys::Launch::default()
        };
        launch.apply(&mut command).spawn()
    }

    /// None when it took too long.
    fn wait(&self, child: &mut Child, guard: &mut Guard) -> io::Result<Option<ExitStatus>> {
        let begin = Instant::now();
        let pid = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .ok_or(io::ErrorKind::InvalidData)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            let left = self.limit.saturating_sub(begin.elapsed());
            if left.is_zero() {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            let time = left.min(guard.interval());
            let time = Timespec {
                tv_sec: time.as_secs().cast_signed(),
                tv_nsec: time.subsec_nanos().into(),
            };
            // An interrupted wait only looks again.
            let _ = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&time));
            guard.feed();
        }
    }

    fn line(&self) -> String {
        format!("{} {}", self.path, self.arguments.join(" "))
    }
}

/// The end of a log, for a message.
fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(6)..].join(" | ")
}

#[cfg(test)]
mod tests {
    use super::{Program, ProgramError};
    use crate::watchdog::Guard;
    use std::path::Path;
    use std::time::Duration;

    fn run(script: &str, limit: Duration, good: &[i32]) -> Result<i32, ProgramError> {
        let folder = tempfile::tempdir().expect("folder");
        let program = Program {
            root: Path::new("/"),
            path: "/bin/sh",
            arguments: &["-c", script],
            limit,
            good,
        };
        program.run(&folder.path().join("log"), &mut Guard::default())
    }

    #[test]
    fn ends() {
        let long = Duration::from_secs(20);
        assert!(matches!(run("exit 1", long, &[0, 1]), Ok(1)));
        let error = run("echo the reason; exit 8", long, &[0]).expect_err("bad code");
        assert!(
            error
                .to_string()
                .ends_with("ended with exit code 8; it said: the reason"),
            "{error}"
        );
        let error = run("kill -9 $$", long, &[0]).expect_err("signal");
        assert!(error.to_string().contains("signal 9"), "{error}");
        let error = run("exec sleep 60", Duration::from_millis(50), &[0]).expect_err("too long");
        assert!(matches!(error, ProgramError::Late { .. }), "{error}");
    }
}
