//! A person at a machine's serial console.

use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{self, OptionalActions, Termios};

use crate::keyboard::Keyboard;
use crate::{Deadline, Error, Result, Running};

/// Ctrl-], which leaves, as in telnet.
const LEAVE: u8 = 0x1d;

/// Connects the terminal to the console until Ctrl-] is typed or the machine ends.
///
/// # Errors
/// When another person is attached, or the terminal cannot be switched.
pub fn attach(running: &Running) -> Result<()> {
    let path = running.console_socket();
    let mut socket = Keyboard::connect(running.vm().dir())?.socket;
    let stdin = std::io::stdin();
    let terminal = Raw::enter(stdin.as_fd())?;
    let outcome = shuttle(&mut socket).map_err(|errno| Error::file("talk to", &path)(errno.into()));
    drop(terminal);
    outcome
}

/// Types a line at the console, as a person does who presses Enter at its end.
///
/// # Errors
/// When a person is attached, or the machine has ended.
pub fn type_line(running: &Running, line: &str) -> Result<()> {
    Keyboard::connect(running.vm().dir())?.type_keys(&format!("{line}\r"))
}

/// Prints the console as it grows, from this run's beginning, until the machine ends.
///
/// # Errors
/// When the log cannot be read or standard output is closed.
pub fn follow(running: &mut Running) -> Result<()> {
    let outcome = running.wait_for("the end", Deadline::minutes(60 * 24 * 365), |line| {
        writeln!(std::io::stdout().lock(), "{}", line.text).err()
    });
    match outcome {
        Err(Error::Ended { .. }) => Ok(()),
        Err(error) => Err(error),
        Ok((_, error)) => Err(Error::file("write to", "standard output".as_ref())(error)),
    }
}

/// Carries bytes both ways.
fn shuttle(socket: &mut UnixStream) -> std::result::Result<(), Errno> {
    let (stdin, mut stdout) = (std::io::stdin(), std::io::stdout());
    let mut bytes = [0u8; 4096];
    loop {
        let (typed, said) = wait(stdin.as_fd(), socket.as_fd())?;
        if typed {
            let count = stdin.lock().read(&mut bytes).map_err(errno)?;
            let leave = bytes[..count].iter().position(|byte| *byte == LEAVE);
            socket
                .write_all(&bytes[..leave.unwrap_or(count)])
                .map_err(errno)?;
            if leave.is_some() || count == 0 {
                return Ok(());
            }
        }
        if said {
            let count = socket.read(&mut bytes).map_err(errno)?;
            if count == 0 {
                return Ok(());
            }
            stdout
                .write_all(&bytes[..count])
                .and_then(|()| stdout.flush())
                .map_err(errno)?;
        }
    }
}

fn wait(stdin: BorrowedFd<'_>, socket: BorrowedFd<'_>) -> std::result::Result<(bool, bool), Errno> {
    loop {
        let mut fds = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&socket, PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) => return Ok((!fds[0].revents().is_empty(), !fds[1].revents().is_empty())),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

fn errno(error: std::io::Error) -> Errno {
    error
        .raw_os_error()
        .map_or(Errno::IO, Errno::from_raw_os_error)
}

/// A terminal that passes every key on, and is put back when this goes away.
struct Raw<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Raw<'a> {
    fn enter(terminal: BorrowedFd<'a>) -> Result<Self> {
        let switch = || -> std::result::Result<Termios, Errno> {
            let before = termios::tcgetattr(terminal)?;
            let mut raw = before.clone();
            raw.make_raw();
            termios::tcsetattr(terminal, OptionalActions::Now, &raw)?;
            Ok(before)
        };
        let before = switch()
            .map_err(|errno| Error::file("switch", "the terminal".as_ref())(errno.into()))?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        // There is no better state to leave a broken terminal in.
        let _ = termios::tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}
