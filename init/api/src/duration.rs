//! Durations and points in time, in milliseconds.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use std::{fs, io};

/// Milliseconds: a length of time, or a point counted from the kernel's start (`CLOCK_BOOTTIME`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// Whole seconds as milliseconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// The time from `earlier` to this, zero if it lies after.
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// This much later; stays at the greatest value rather than overflow.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Time since the kernel's start, suspend included, as another process than PID 1 can have it.
    ///
    /// # Errors
    /// `/proc/uptime` cannot be read.
    pub fn since_kernel_start() -> io::Result<Self> {
        let text = fs::read_to_string("/proc/uptime")?;
        let seconds = text.split_whitespace().next().map(str::parse::<f64>);
        match seconds {
            Some(Ok(seconds)) if seconds >= 0.0 => Ok(Duration::from_secs_f64(seconds).into()),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("/proc/uptime holds no number: {text:?}"),
            )),
        }
    }

    /// `45 s`, `12 min`, `5 h 3 min`, `3 d 4 h`.
    pub fn rounded(self) -> String {
        let seconds = self.0 / 1000;
        match seconds {
            0..120 => format!("{seconds} s"),
            120..7200 => format!("{} min", seconds / 60),
            7200..172_800 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
            _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
        }
    }

    /// As seconds, for people.
    pub fn as_seconds(self) -> f64 {
        Duration::from(self).as_secs_f64()
    }
}

impl From<Millis> for Duration {
    fn from(value: Millis) -> Self {
        Self::from_millis(value.0)
    }
}

impl From<Duration> for Millis {
    fn from(value: Duration) -> Self {
        Self(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::Millis;

    #[test]
    fn for_people() {
        for (seconds, expected) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7199, "119 min"),
            (7500, "2 h 5 min"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(Millis::seconds(seconds).rounded(), expected);
        }
    }

    #[test]
    fn time_goes_on() {
        let before = Millis::since_kernel_start().expect("a clock");
        let after = Millis::since_kernel_start().expect("a clock");
        assert!(before > Millis(0) && after >= before);
    }
}
