//! What wakes PID 1.

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Where a wake-up comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Signals.
    Signals,
    /// The kernel's messages about devices.
    Devices,
    /// The folder of records changed.
    Records,
    /// Someone wants to talk.
    Listener,
    /// A client said something.
    Client(u64),
    /// A service said something.
    Output(u64),
    /// A power button.
    Button(u64),
}

impl Source {
    const KINDS: u64 = 8;

    fn to_number(self) -> u64 {
        let (kind, number) = match self {
            Self::Signals => (0, 0),
            Self::Devices => (1, 0),
            Self::Records => (2, 0),
            Self::Listener => (3, 0),
            Self::Client(number) => (4, number),
            Self::Output(number) => (5, number),
            Self::Button(number) => (6, number),
        };
        number * Self::KINDS + kind
    }

    fn from_number(number: u64) -> Option<Self> {
        let rest = number / Self::KINDS;
        Some(match number % Self::KINDS {
            0 => Self::Signals,
            1 => Self::Devices,
            2 => Self::Records,
            3 => Self::Listener,
            4 => Self::Client(rest),
            5 => Self::Output(rest),
            6 => Self::Button(rest),
            _ => return None,
        })
    }
}

/// Waits for any of many descriptors.
#[derive(Debug)]
pub(super) struct Wake {
    epoll: OwnedFd,
}

impl Wake {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
        })
    }

    /// Watches a descriptor for input until it is closed.
    pub(super) fn watch(&self, fd: impl AsFd, source: Source) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            fd,
            EventData::new_u64(source.to_number()),
            EventFlags::IN,
        )?)
    }

    /// Waits at most this long.
    pub(super) fn wait(&self, at_most: Duration) -> io::Result<Vec<Source>> {
        let mut events = Vec::with_capacity(64);
        let time = Timespec {
            tv_sec: at_most.as_secs().cast_signed(),
            tv_nsec: at_most.subsec_nanos().into(),
        };
        match epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(&mut events),
            Some(&time),
        ) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        Ok(events
            .iter()
            .filter_map(|event| Source::from_number(event.data.u64()))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn sources_survive_the_kernel() {
        for source in [
            Source::Signals,
            Source::Devices,
            Source::Records,
            Source::Listener,
            Source::Client(7),
            Source::Output(0),
            Source::Button(3),
        ] {
            assert_eq!(Source::from_number(source.to_number()), Some(source));
        }
    }
}
