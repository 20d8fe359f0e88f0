//! The hardware watchdog over both stages: armed early, handed on open, fed until the machine goes down.

use init_api::Millis;
use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long it waits for a sign of life: long enough for a slow phase, short enough for an unattended machine.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a sign of life is given at most.
const INTERVAL: Duration = Duration::from_secs(5);
/// Hands the open descriptor to PID 1's next stage.
const VARIABLE: &str = "HOLDFAST_WATCHDOG_FD";

/// The machine's watchdog, if it has one.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    armed: Option<Armed>,
}

#[derive(Debug)]
struct Armed {
    watchdog: sys::Watchdog,
    about: init_api::Watchdog,
    fed: Instant,
}

impl Guard {
    /// Arms the first watchdog below `dev` unless one is armed already. Tells whether it armed one now.
    ///
    /// # Errors
    /// There is one, and it cannot be opened.
    pub(crate) fn arm(&mut self, dev: &Path) -> io::Result<bool> {
        let node = dev.join("watchdog0");
        if self.armed.is_some() || !node.exists() {
            return Ok(false);
        }
        let watchdog = sys::Watchdog::arm(&node)?;
        // A watchdog with a fixed timeout is still one.
        let timeout = watchdog
            .set_timeout(TIMEOUT)
            .or_else(|_| watchdog.timeout())
            .unwrap_or_default();
        let identity = watchdog.identity().unwrap_or_default();
        let about = init_api::Watchdog {
            device: node,
            identity,
            timeout_ms: Millis::from(timeout),
        };
        self.armed = Some(Armed {
            watchdog,
            about,
            fed: Instant::now(),
        });
        Ok(true)
    }

    /// Takes over what the initramfs stage armed. Call it once, before any file is opened.
    pub(crate) fn inherit(about: Option<init_api::Watchdog>) -> Self {
        let number = env::var(VARIABLE).ok().and_then(|text| text.parse().ok());
        let armed = about.zip(number).and_then(|(about, number)| {
            let watchdog = sys::Watchdog::from_inherited(sys::inherited(number).ok()?);
            Some(Armed {
                watchdog,
                about,
                fed: Instant::now(),
            })
        });
        Self { armed }
    }

    /// Lets the watchdog outlive an exec: the environment that tells the next stage.
    ///
    /// # Errors
    /// The descriptor cannot be kept open.
    pub(crate) fn hand_on(self) -> io::Result<Option<(&'static str, OsString)>> {
        let Some(armed) = self.armed else {
            return Ok(None);
        };
        let number = sys::keep_over_exec(armed.watchdog.into_fd())?;
        Ok(Some((VARIABLE, number.to_string().into())))
    }

    /// A sign of life, at most every few seconds. A watchdog that takes none resets the machine, which is its work.
    pub(crate) fn feed(&mut self) {
        if let Some(armed) = &mut self.armed
            && armed.fed.elapsed() >= INTERVAL
            && armed.watchdog.feed().is_ok()
        {
            armed.fed = Instant::now();
        }
    }

    /// What is armed.
    pub(crate) fn about(&self) -> Option<&init_api::Watchdog> {
        self.armed.as_ref().map(|armed| &armed.about)
    }

    /// Whether the hardware says that it did the last reset. One that cannot tell did not.
    pub(crate) fn did_the_last_reset(&self) -> bool {
        self.armed
            .as_ref()
            .is_some_and(|armed| armed.watchdog.did_the_last_reset().unwrap_or(false))
    }

    /// How long a caller may wait before it feeds again.
    pub(crate) fn interval(&self) -> Duration {
        INTERVAL
    }
}
