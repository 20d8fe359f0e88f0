//! Being told when something in a folder changes.

use futures_util::StreamExt;
use inotify::{EventStream, Inotify, WatchMask};
use std::io;
use std::path::Path;
use std::time::Duration;

/// An editor writes a file in several steps; a copy of many files takes a moment.
const QUIET: Duration = Duration::from_millis(300);

/// A watched folder.
pub(super) struct Folder {
    events: EventStream<Vec<u8>>,
}

impl Folder {
    /// Watches `path`, which must exist.
    pub(super) fn watch(path: &Path) -> io::Result<Self> {
        let inotify = Inotify::init()?;
        let changes = WatchMask::CREATE
            | WatchMask::CLOSE_WRITE
            | WatchMask::MOVED_TO
            | WatchMask::MOVED_FROM
            | WatchMask::DELETE;
        inotify.watches().add(path, changes)?;
        let events = inotify.into_event_stream(vec![0; 4096])?;
        Ok(Self { events })
    }

    /// Returns after a change, once nothing more happens for a moment.
    pub(super) async fn changed(&mut self) {
        if self.events.next().await.is_none() {
            // The watch ended; the caller looks again in its own time.
            return std::future::pending().await;
        }
        while let Ok(Some(_)) = tokio::time::timeout(QUIET, self.events.next()).await {}
    }
}

/// As [`Folder::changed`]; never returns for a folder that cannot be watched.
pub(super) async fn changed(folder: &mut Option<Folder>) {
    match folder {
        Some(folder) => folder.changed().await,
        None => std::future::pending().await,
    }
}
