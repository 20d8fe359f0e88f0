//! Signals, read from a descriptor.

use init_api::Exit;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::process::{WaitOptions, wait};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// What a signal means to PID 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A process ended.
    ChildEnded,
    /// Reboot: Ctrl-Alt-Del, or `kill 1`.
    Reboot,
    /// Power off: the power supply says so.
    PowerOff,
}

const MEANINGS: [(Signal, Meaning); 4] = [
    (Signal::SIGCHLD, Meaning::ChildEnded),
    (Signal::SIGINT, Meaning::Reboot),
    (Signal::SIGTERM, Meaning::Reboot),
    (Signal::SIGPWR, Meaning::PowerOff),
];

/// The signals that PID 1 hears.
#[derive(Debug)]
pub(super) struct Signals(SignalFd);

impl Signals {
    pub(super) fn open() -> io::Result<Self> {
        let set: SigSet = MEANINGS.iter().map(|(signal, _)| *signal).collect();
        set.thread_block()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        Ok(Self(SignalFd::with_flags(&set, flags)?))
    }

    /// The next signal that has come.
    pub(super) fn next(&self) -> Option<Meaning> {
        let info = self.0.read_signal().ok()??;
        let number = info.ssi_signo.cast_signed();
        MEANINGS
            .iter()
            .find(|(signal, _)| *signal as i32 == number)
            .map(|(_, meaning)| *meaning)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The next ended process, ours or an orphan.
pub(super) fn reap() -> Option<(u32, Exit)> {
    let (pid, status) = wait(WaitOptions::NOHANG).ok()??;
    let pid = u32::try_from(pid.as_raw_nonzero().get()).ok()?;
    let exit = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => return None,
    };
    Some((pid, exit))
}
