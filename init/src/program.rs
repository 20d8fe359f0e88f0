//! Running a program to its end while the watchdog is fed.

mod output;

use crate::watchdog::Guard;
use output::Output;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use thiserror::Error;

/// A program did not do its work.
#[derive(Debug, Error)]
pub(crate) enum ProgramError {
    /// It could not be run.
    #[error("cannot run {program}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It ended badly.
    #[error("{program} ended with {how}; it said: {said}")]
    Failed {
        /// Which.
        program: String,
        /// Its exit code; none if a signal ended it.
        code: Option<i32>,
        /// Exit code or signal.
        how: String,
        /// The end of its output.
        said: String,
    },
}

/// A program of the mounted root, run in it.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// The root that it runs in.
    pub(crate) root: &'a Path,
    /// Path below that root.
    pub(crate) path: &'a str,
    /// Arguments.
    pub(crate) arguments: &'a [&'a str],
    /// The exit codes that are good.
    pub(crate) good: &'a [i32],
}

impl Program<'_> {
    /// Runs it to its end, however long that takes; gives its exit code. Its output goes to `log`; `still` is told the
    /// minutes that are over.
    ///
    /// # Errors
    /// It cannot be run, or ends with a code that is not good.
    pub(crate) fn run(
        &self,
        log: &Path,
        guard: &mut Guard,
        still: impl FnMut(u64),
    ) -> Result<i32, ProgramError> {
        let failed = |source| ProgramError::Start {
            program: self.line(),
            source,
        };
        let (mut child, mut output) = self.start(log).map_err(failed)?;
        let status = wait_with(&mut child, Some(&mut output), None, guard, still);
        let status = status
            .map_err(failed)?
            .expect("without a limit there is an end");
        let how = match status.code() {
            Some(code) if self.good.contains(&code) => return Ok(code),
            Some(code) => format!("exit code {code}"),
            None => format!("signal {}", status.signal().unwrap_or_default()),
        };
        Err(ProgramError::Failed {
            program: self.line(),
            code: status.code(),
            how,
            said: last_lines(log),
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the watchdog is fed while it runs"
    )]
    fn start(&self, log: &Path) -> io::Result<(Child, Output)> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let (reader, writer) = io::pipe()?;
        let output = Output::new(reader, log)?;
        let mut command = Command::new(self.path);
        command
            .args(self.arguments)
            .env_clear()
            .env("PATH", init_api::paths::SYSTEM_PROGRAMS)
            .stdin(Stdio::null())
            .stderr(writer.try_clone()?)
            .stdout(writer);
        let launch = sys::Launch {
            root: Some(PathBuf::from(self.root)),
            ..sys::Launch::default()
        };
        Ok((launch.apply(&mut command).spawn()?, output))
    }

    fn line(&self) -> String {
        format!("{} {}", self.path, self.arguments.join(" "))
    }
}

/// Waits for the child's end while the watchdog is fed; none when `limit` is over, and then the child goes on. `still` is
/// told the minutes that are over, each once.
pub(crate) fn wait(
    child: &mut Child,
    limit: Option<Duration>,
    guard: &mut Guard,
    still: impl FnMut(u64),
) -> io::Result<Option<ExitStatus>> {
    wait_with(child, None, limit, guard, still)
}

/// The same, while its output is taken.
fn wait_with(
    child: &mut Child,
    mut output: Option<&mut Output>,
    limit: Option<Duration>,
    guard: &mut Guard,
    mut still: impl FnMut(u64),
) -> io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or(io::ErrorKind::InvalidData)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let mut told = 0;
    loop {
        let ended = child.try_wait()?;
        // After the question: what it said before its end is in the pipe by then.
        if let Some(output) = &mut output {
            output.take();
        }
        if ended.is_some() {
            return Ok(ended);
        }
        let left = limit.map(|limit| limit.saturating_sub(begin.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(None);
        }
        if let Some(minutes) = minutes_to_tell(told, begin.elapsed()) {
            told = minutes;
            still(minutes);
        }
        let time = left.map_or(guard.interval(), |left| left.min(guard.interval()));
        let time = Timespec {
            tv_sec: time.as_secs().cast_signed(),
            tv_nsec: time.subsec_nanos().into(),
        };
        let pipe = output.as_deref().and_then(Output::pipe);
        let mut fds = vec![PollFd::new(&pidfd, PollFlags::IN)];
        fds.extend(pipe.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        // An interrupted wait only looks again.
        let _ = poll(&mut fds, Some(&time));
        guard.feed();
    }
}

/// The whole minutes that are over, if fewer were told.
fn minutes_to_tell(told: u64, over: Duration) -> Option<u64> {
    let minutes = over.as_secs() / 60;
    (minutes > told).then_some(minutes)
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
    use super::{Program, ProgramError, minutes_to_tell, wait};
    use crate::watchdog::Guard;
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    fn run(script: &str, good: &[i32]) -> Result<i32, ProgramError> {
        let folder = tempfile::tempdir().expect("folder");
        let program = Program {
            root: Path::new("/"),
            path: "/bin/sh",
            arguments: &["-c", script],
            good,
        };
        program.run(&folder.path().join("log"), &mut Guard::default(), |_| {})
    }

    #[test]
    fn ends() {
        assert!(matches!(run("exit 1", &[0, 1]), Ok(1)));
        let error = run("echo the reason; exit 8", &[0]).expect_err("bad code");
        assert!(
            error
                .to_string()
                .ends_with("ended with exit code 8; it said: the reason"),
            "{error}"
        );
        let error = run("kill -9 $$", &[0]).expect_err("signal");
        assert!(error.to_string().contains("signal 9"), "{error}");
    }

    #[test]
    fn what_a_program_says_is_bounded() {
        let folder = tempfile::tempdir().expect("folder");
        let log = folder.path().join("log");
        let program = Program {
            root: Path::new("/"),
            path: "/bin/sh",
            arguments: &["-c", "echo begin; head -c 40000000 /dev/zero | tr '\\0' x"],
            good: &[0],
        };
        let ended = program.run(&log, &mut Guard::default(), |_| {});
        assert!(matches!(ended, Ok(0)), "{ended:?}");
        let text = std::fs::read_to_string(&log).expect("a log");
        assert!(text.starts_with("begin\nxxx") && text.ends_with("(the rest was not kept)\n"));
        assert!(text.len() < 1024 * 1024 + 100, "{}", text.len());
    }

    #[test]
    fn a_limit_ends_the_waiting_and_not_the_child() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep runs");
        let limit = Some(Duration::from_millis(50));
        let ended = wait(&mut child, limit, &mut Guard::default(), |_| {}).expect("a child");
        assert_eq!(ended, None);
        assert_eq!(child.try_wait().expect("a child"), None, "it goes on");
        child.kill().expect("killed");
        let ended = wait(&mut child, None, &mut Guard::default(), |_| {}).expect("a child");
        assert!(ended.is_some_and(|status| !status.success()));
    }

    #[test]
    fn every_minute_is_told_once() {
        for (told, seconds, expected) in [
            (0, 59, None),
            (0, 60, Some(1)),
            (1, 65, None),
            (1, 119, None),
            (1, 121, Some(2)),
            // A day: no limit.
            (1439, 86400, Some(1440)),
        ] {
            assert_eq!(
                minutes_to_tell(told, Duration::from_secs(seconds)),
                expected,
                "{seconds}"
            );
        }
    }
}
