//! A process that is known by its id and its start time, so that a recycled id is never signalled.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use crate::{Deadline, Error, Result};

/// Who a process is: what is written down and read back later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pid: i32,
    /// Clock ticks from the host's start to the process's, field 22 of `/proc/PID/stat`.
    started: u64,
}

/// A live process, held by a descriptor that cannot come to mean another one.
#[derive(Debug)]
pub struct Process {
    identity: Identity,
    fd: OwnedFd,
}

impl Process {
    /// The process with this id now, or `None` when there is none.
    #[must_use]
    pub fn open(pid: i32) -> Option<Self> {
        let fd = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        // Read after the descriptor was opened: if the id was recycled in between, the identity is the new one's.
        let started = start_time(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        Some(Self {
            identity: Identity { pid, started },
            fd,
        })
    }

    /// The process whose id is all that the file holds, or `None` when there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn written_in(file: &Path) -> Result<Option<Self>> {
        let text = fs::read_to_string(file).map_err(Error::file("read", file))?;
        Ok(text.trim().parse().ok().and_then(Self::open))
    }

    /// The process that was written down as `identity`, if it still lives.
    pub(crate) fn find(identity: Identity) -> Option<Self> {
        Self::open(identity.pid).filter(|process| process.identity == identity && !process.ended())
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// Its id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.identity.pid
    }

    /// Whether it has ended.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.wait(Deadline::secs(0))
    }

    /// Waits for its end; `false` when the deadline came first.
    #[must_use]
    pub fn wait(&self, deadline: Deadline) -> bool {
        loop {
            let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
            match poll(&mut fds, Some(&deadline.timespec())) {
                Ok(0) => return false,
                Ok(_) => return true,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Ends it at once, as a pulled plug would. One that has ended already is fine.
    ///
    /// # Errors
    /// When the signal is not allowed.
    pub fn kill(&self) -> Result<()> {
        match pidfd_send_signal(&self.fd, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(errno) => Err(Error::file(
                "kill",
                Path::new(&format!("process {}", self.pid())),
            )(errno.into())),
        }
    }
}

impl AsFd for Process {
    /// Readable once the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Field 22 of a `stat` line; the second field is the program's name in parentheses and may hold spaces and more.
fn start_time(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn start_time_survives_a_strange_name() {
        let stat = "12 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20";
        assert_eq!(start_time(stat), Some(777));
        assert_eq!(start_time("nonsense"), None);
    }

    #[test]
    fn a_process_is_found_by_identity_and_not_after_its_end() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::open(i32::try_from(child.id()).unwrap()).unwrap();
        let identity = process.identity();
        assert!(Process::find(identity).is_some());
        assert!(
            Process::find(Identity {
                started: identity.started + 1,
                ..identity
            })
            .is_none()
        );
        process.kill().unwrap();
        assert!(process.wait(Deadline::secs(10)));
        assert!(Process::find(identity).is_none());
        child.wait().unwrap();
    }
}
