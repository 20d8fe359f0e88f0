//! Clocks: time since the kernel's start, and the floor under the wall clock: the image's build, and the last time that was known.

use init_api::{Millis, Release};
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
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

/// The earliest time that the clock may show: the build, or later the last time that was `noted`. One that cannot be right says
/// nothing.
fn floor(release: &Release, noted: Option<u64>) -> u64 {
    let believed = noted.filter(|noted| standing(*noted, release) == Standing::Plausible);
    believed.unwrap_or(release.build_time)
}

/// Lifts the wall clock if it stands before the image's build or before the last time that was `noted`; tells how it stood to
/// the build, and whether it was lifted.
///
/// # Errors
/// The clock cannot be set.
pub(crate) fn lift(release: &Release, noted: Option<u64>) -> io::Result<(Standing, bool)> {
    let wall = wall();
    let floor = floor(release, noted);
    let behind = wall < floor;
    if behind {
        let tv_sec = i64::try_from(floor).unwrap_or(0);
        clock_settime(ClockId::Realtime, Timespec { tv_sec, tv_nsec: 0 })?;
    }
    Ok((standing(wall, release), behind))
}

/// The last time that was noted, in seconds since 1970; none if none was.
pub(crate) fn noted(path: &Path) -> Option<u64> {
    let modified = path.metadata().ok()?.modified().ok()?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

/// Notes a time in seconds since 1970. It is the file's own: no block of the disk is written but that of its entry.
///
/// # Errors
/// The state partition does not take it.
pub(crate) fn note(path: &Path, wall: u64) -> io::Result<()> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    let time: SystemTime = UNIX_EPOCH + Duration::from_secs(wall);
    file.set_modified(time)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{Standing, floor, note, noted, rfc3339, standing};
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

    #[test]
    fn the_floor_is_the_build_or_the_last_time_that_was_known() {
        let build = 1_800_000_000;
        let release = Release {
            version: "1".into(),
            build_time: build,
            kubernetes: None,
        };
        for (case, noted, expected) in [
            ("a new machine", None, build),
            (
                "switched off a month later",
                Some(build + 2_600_000),
                build + 2_600_000,
            ),
            ("another release was older", Some(build - 1), build),
            ("the clock was wrong then", Some(4_070_908_800), build),
        ] {
            assert_eq!(floor(&release, noted), expected, "{case}");
        }
    }

    #[test]
    fn a_time_is_noted_in_an_empty_file() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("clock");
        assert_eq!(noted(&path), None);
        for wall in [1_800_000_000, 1_900_000_000, 1_850_000_000] {
            note(&path, wall).expect("noted");
            assert_eq!(noted(&path), Some(wall), "also one that is earlier");
            assert_eq!(path.metadata().expect("there").len(), 0);
        }
    }
}
