//! Clocks: time since the kernel's start, and the floor under the wall clock.

use init_api::{Millis, Release};
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};
use std::{fmt, io};

/// What PID 1 tells the time by once it serves. A test has a clock of its own.
pub(crate) trait Clock: fmt::Debug {
    /// Time since the kernel's start, suspend included.
    fn now(&self) -> Millis;
}

/// The kernel's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KernelClock;

impl Clock for KernelClock {
    fn now(&self) -> Millis {
        since_kernel_start()
    }
}

/// A clock this far ahead of the image is doubted, not touched.
const DOUBT: u64 = 20 * 365 * 24 * 3600;

/// How the wall clock stands to the image's build time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Before the image was built, so certainly wrong.
    Behind,
    /// Possible.
    Plausible,
    /// More than twenty years after the build.
    FarAhead,
}

/// Time since the kernel's start, suspend included.
pub(crate) fn since_kernel_start() -> Millis {
    let now = clock_gettime(ClockId::Boottime);
    Millis(u64::try_from(now.tv_sec * 1000 + now.tv_nsec / 1_000_000).unwrap_or(0))
}

/// The wall clock in seconds since 1970.
pub(crate) fn wall() -> u64 {
    u64::try_from(clock_gettime(ClockId::Realtime).tv_sec).unwrap_or(0)
}

/// The wall clock in seconds since 1970 and milliseconds.
pub(crate) fn wall_millis() -> (u64, u32) {
    let now = clock_gettime(ClockId::Realtime);
    (
        u64::try_from(now.tv_sec).unwrap_or(0),
        u32::try_from(now.tv_nsec / 1_000_000).unwrap_or(0),
    )
}

/// A wall clock time as `2027-01-15T08:00:00.007Z`.
pub(crate) fn rfc3339((seconds, millis): (u64, u32)) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of year 0, so that the leap day ends a year; 400 years have 146097 days.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Judges a wall clock.
pub(crate) fn standing(wall: u64, release: &Release) -> Standing {
    if wall < release.build_time {
        Standing::Behind
    } else if wall > release.build_time.saturating_add(DOUBT) {
        Standing::FarAhead
    } else {
        Standing::Plausible
    }
}

/// Lifts the wall clock to the image's build time if it stands before it; tells how it stood.
///
/// # Errors
/// The clock cannot be set.
pub(crate) fn lift(release: &Release) -> io::Result<Standing> {
    let stood = standing(wall(), release);
    if stood == Standing::Behind {
        let tv_sec = i64::try_from(release.build_time).unwrap_or(0);
        clock_settime(ClockId::Realtime, Timespec { tv_sec, tv_nsec: 0 })?;
    }
    Ok(stood)
}

#[cfg(test)]
mod tests {
    use super::{Standing, rfc3339, standing};
    use init_api::Release;

    #[test]
    fn dates() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_799, "2000-02-29T23:59:59.000Z"),
            (1_709_164_800, "2024-02-29T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (4_070_908_800, "2099-01-01T00:00:00.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339((seconds, 0)), expected, "{seconds}");
        }
    }

    #[test]
    fn clocks() {
        let release = Release {
            version: "1".into(),
            build_time: 1_800_000_000,
            kubernetes: None,
        };
        for (case, wall, expected) in [
            ("1970", 0, Standing::Behind),
            ("a second before", 1_799_999_999, Standing::Behind),
            ("the build", 1_800_000_000, Standing::Plausible),
            ("ten years on", 2_115_000_000, Standing::Plausible),
            ("2099", 4_070_908_800, Standing::FarAhead),
        ] {
            assert_eq!(standing(wall, &release), expected, "{case}");
        }
    }
}
