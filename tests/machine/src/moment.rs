//! Deadlines.

use std::time::{Duration, Instant};

use rustix::event::Timespec;

/// A moment until which something is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    started: Instant,
    length: Duration,
}

impl Deadline {
    /// `length` from now.
    #[must_use]
    pub fn after(length: Duration) -> Self {
        Self {
            started: Instant::now(),
            length,
        }
    }

    /// Seconds from now.
    #[must_use]
    pub fn secs(seconds: u64) -> Self {
        Self::after(Duration::from_secs(seconds))
    }

    /// Minutes from now.
    #[must_use]
    pub fn minutes(minutes: u64) -> Self {
        Self::secs(minutes * 60)
    }

    /// The whole length, for messages.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }

    /// What is left of it; zero when it has passed.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.length.saturating_sub(self.started.elapsed())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.left().is_zero()
    }

    /// What is left, for poll(2).
    pub(crate) fn timespec(&self) -> Timespec {
        let left = self.left();
        Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        }
    }
}
