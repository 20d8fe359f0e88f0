//! The time is noted now and then, so that a machine without a clock of its own begins its next boot where it ended.

use crate::clock::{self, Standing};
use init_api::{Millis, Release};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

/// So much time is lost at most when the power goes: each note is a write to a card.
const EVERY: Millis = Millis::seconds(3600);

/// When the time was noted last.
#[derive(Debug)]
pub(super) struct ClockNotes {
    path: PathBuf,
    last: Millis,
    /// A disk that hangs must not hang PID 1.
    writing: Option<JoinHandle<()>>,
}

impl ClockNotes {
    /// Notes in the file `path`.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            last: Millis(0),
            writing: None,
        }
    }

    /// Notes the time if that is due.
    pub(super) fn advance(&mut self, now: Millis, release: Option<&Release>) {
        let is_writing = |thread: &JoinHandle<()>| !thread.is_finished();
        if now.since(self.last) < EVERY || self.writing.as_ref().is_some_and(is_writing) {
            return;
        }
        self.last = now;
        let Some(wall) = believed(release) else {
            return;
        };
        let path = self.path.clone();
        // A state partition that takes no writes is told elsewhere.
        let write = move || drop(clock::note(&path, wall));
        self.writing = thread::Builder::new().spawn(write).ok();
    }

    /// Where the last note of this boot belongs; none if the clock cannot be right.
    pub(super) fn last(self, release: Option<&Release>) -> Option<PathBuf> {
        believed(release).map(|_| self.path)
    }
}

/// The wall clock, if it can be right.
fn believed(release: Option<&Release>) -> Option<u64> {
    let wall = clock::wall();
    let plausible = |release| clock::standing(wall, release) == Standing::Plausible;
    release.is_none_or(plausible).then_some(wall)
}
