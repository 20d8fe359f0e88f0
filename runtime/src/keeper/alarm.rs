//! Waiting for the clock.

use crate::descriptor::watched;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::unix::AsyncFd;

/// Becomes readable when the clock shows `moment`, or somebody sets it.
pub(super) fn alarm(moment: SystemTime) -> io::Result<AsyncFd<OwnedFd>> {
    let seconds = moment
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let zero = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let at = Itimerspec {
        it_interval: zero,
        it_value: Timespec {
            tv_sec: i64::try_from(seconds).unwrap_or(i64::MAX),
            tv_nsec: 1,
        },
    };
    let timer = timerfd_create(
        TimerfdClockId::Realtime,
        TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
    )?;
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(&timer, flags, &at)?;
    watched(timer)
}
