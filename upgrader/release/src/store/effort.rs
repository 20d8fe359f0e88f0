//! How hard to try, and how long to wait: for each byte, not for each file, since a file may be large and a line slow.

use crate::error::Error;
use crate::source::shown;
use std::time::Duration;
use url::Url;

/// How hard to try.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How often in a row without getting on.
    pub tries: u32,
    /// The pause after the first failed try; it doubles each time.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long to wait for a connection.
    pub connection: Duration,
    /// How long to wait for the next byte.
    pub stall: Duration,
    /// A span of waiting in which at least `least` bytes must come.
    pub window: Duration,
    /// The slowest that is taken, bytes in a window.
    pub least: u64,
}

impl Default for Effort {
    /// Patient enough for a modem: 273 bytes a second.
    fn default() -> Self {
        Effort {
            tries: 5,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
            connection: Duration::from_secs(15),
            stall: Duration::from_secs(30),
            window: Duration::from_secs(60),
            least: 16 << 10,
        }
    }
}

/// Tries in a row that failed.
#[derive(Debug)]
pub(super) struct Tries {
    effort: Effort,
    failed: u32,
    pause: Duration,
}

impl Tries {
    pub(super) fn new(effort: Effort) -> Tries {
        Tries {
            effort,
            failed: 0,
            pause: effort.first_pause,
        }
    }

    /// It got on: failures are counted anew.
    pub(super) fn got_on(&mut self) {
        *self = Tries::new(self.effort);
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// It was the last.
    pub(super) async fn again(&mut self, url: &Url, why: String) -> Result<(), Error> {
        self.failed += 1;
        if self.failed >= self.effort.tries {
            return Err(Error::Unreachable {
                url: shown(url),
                tries: self.failed,
                why,
            });
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(self.effort.longest_pause);
        Ok(())
    }
}

/// How fast bytes come. Only time spent waiting counts: a reader that is slow itself does not make the server slow.
#[derive(Debug)]
pub(super) struct Pace {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    pub(super) const fn new() -> Pace {
        Pace {
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// So many bytes came after so long.
    ///
    /// # Errors
    /// Too few for too long, in words.
    pub(super) fn got(
        &mut self,
        bytes: usize,
        after: Duration,
        effort: &Effort,
    ) -> Result<(), String> {
        self.bytes += bytes as u64;
        self.waited += after;
        if self.waited < effort.window {
            return Ok(());
        }
        let (got, waited) = (self.bytes, self.waited);
        *self = Pace::new();
        match got < effort.least {
            true => Err(format!(
                "only {got} bytes came in {:.1} s",
                waited.as_secs_f64()
            )),
            false => Ok(()),
        }
    }
}
