//! Feeding, reading and ending a child, with one thread and without waiting for anything else than it.

use super::Output;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// How long a command that took too long has to end by itself, and then to be gone.
const GRACE: Duration = Duration::from_secs(2);
/// How often one pipe is read before the others, and the time, are looked at: more than it holds.
const READS: usize = 16;

/// How it went.
pub(super) enum Watched {
    /// It ended.
    Ended(Output),
    /// It did not within this time, and was killed.
    TooLong(Duration),
}

/// Writes `input` to the child, reads what it says (where that is a pipe), and waits for its end; ends it by force when it
/// takes longer than `within`.
pub(super) fn to_its_end(
    child: &mut Child,
    input: &[u8],
    within: Option<Duration>,
) -> io::Result<Watched> {
    let began = Instant::now();
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("a child without a process id"))?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let mut stdin = Feed::new(child.stdin.take(), input)?;
    let mut stdout = Pipe::new(child.stdout.take())?;
    let mut stderr = Pipe::new(child.stderr.take())?;
    loop {
        let status = child.try_wait()?;
        stdin.write()?;
        stdout.read()?;
        stderr.read()?;
        if let Some(status) = status {
            return Ok(Watched::Ended(Output {
                status,
                stdout: stdout.bytes,
                stderr: stderr.bytes,
            }));
        }
        let left = within.map(|within| within.saturating_sub(began.elapsed()));
        if let (Some(within), Some(Duration::ZERO)) = (within, left) {
            end(child, pid, &pidfd)?;
            return Ok(Watched::TooLong(within));
        }
        let mut wanted = vec![PollFd::new(&pidfd, PollFlags::IN)];
        wanted.extend(
            stdout
                .from
                .as_ref()
                .map(|fd| PollFd::new(fd, PollFlags::IN)),
        );
        wanted.extend(
            stderr
                .from
                .as_ref()
                .map(|fd| PollFd::new(fd, PollFlags::IN)),
        );
        wanted.extend(stdin.to.as_ref().map(|fd| PollFd::new(fd, PollFlags::OUT)));
        wait(&mut wanted, left)?;
    }
}

/// Until something happens or the time is over; an interrupted wait only looks again.
fn wait(wanted: &mut [PollFd<'_>], left: Option<Duration>) -> io::Result<()> {
    let left = left.map(|left| Timespec {
        tv_sec: left.as_secs().cast_signed(),
        tv_nsec: left.subsec_nanos().into(),
    });
    match poll(wanted, left.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Ends the child with its process group. One that does not even die (in the midst of a disk that hangs) is left behind.
fn end(child: &mut Child, pid: Pid, pidfd: &OwnedFd) -> io::Result<Option<ExitStatus>> {
    for signal in [Signal::TERM, Signal::KILL] {
        // Gone meanwhile is what is wanted; of the group, others than the child may not have listened to the first.
        let _ = kill_process_group(pid, signal);
        wait(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(GRACE))?;
    }
    child.try_wait()
}

/// What a child says, as far as it was read.
struct Pipe {
    /// `None`: at its end, or no pipe at all.
    from: Option<OwnedFd>,
    bytes: Vec<u8>,
}

impl Pipe {
    fn new(from: Option<impl Into<OwnedFd>>) -> io::Result<Pipe> {
        Ok(Pipe {
            from: without_waiting(from.map(Into::into))?,
            bytes: Vec::new(),
        })
    }

    /// Takes what is there.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1 << 13];
        for _ in 0..READS {
            let Some(from) = &self.from else {
                return Ok(());
            };
            match rustix::io::read(from.as_fd(), &mut buffer) {
                Ok(0) => self.from = None,
                Ok(count) => self.bytes.extend_from_slice(&buffer[..count]),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// What a child shall still read.
struct Feed<'a> {
    /// `None`: all is written, or nobody reads.
    to: Option<OwnedFd>,
    rest: &'a [u8],
}

impl<'a> Feed<'a> {
    fn new(to: Option<impl Into<OwnedFd>>, input: &'a [u8]) -> io::Result<Feed<'a>> {
        Ok(Feed {
            to: without_waiting(to.map(Into::into))?,
            rest: input,
        })
    }

    /// Gives as much as is taken.
    fn write(&mut self) -> io::Result<()> {
        while let Some(to) = &self.to {
            if self.rest.is_empty() {
                self.to = None;
                break;
            }
            match rustix::io::write(to.as_fd(), self.rest) {
                Ok(count) => self.rest = &self.rest[count..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                // A command that stopped reading says why itself; that is the better message.
                Err(Errno::PIPE) => self.to = None,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn without_waiting(fd: Option<OwnedFd>) -> io::Result<Option<OwnedFd>> {
    if let Some(fd) = &fd {
        ioctl_fionbio(fd, true)?;
    }
    Ok(fd)
}
