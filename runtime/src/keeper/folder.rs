//! Being told when something in a folder changes.

use futures_util::StreamExt;
use inotify::{EventStream, Inotify, WatchMask};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

/// An editor writes a file in several steps; a copy of many files takes a moment.
const QUIET: Duration = Duration::from_millis(300);

/// A watched folder.
pub(super) struct Folder {
    events: EventStream<Vec<u8>>,
    /// The one file that counts, if not all do.
    file: Option<OsString>,
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
        Ok(Self { events, file: None })
    }

    /// Watches one file, which may come and go, in a folder that must exist.
    pub(super) fn watch_file(path: &Path) -> io::Result<Self> {
        let folder = Self::watch(path.parent().unwrap_or(Path::new("/")))?;
        let file = path.file_name().map(OsString::from);
        Ok(Self { file, ..folder })
    }

    /// The next event that counts; false when there will be none.
    async fn next(&mut self) -> bool {
        while let Some(event) = self.events.next().await {
            // One that cannot be read, or has no name, may be any.
            let name = event.ok().and_then(|event| event.name);
            if self.file.is_none() || name.is_none() || name == self.file {
                return true;
            }
        }
        false
    }

    /// Returns after a change, once nothing more happens for a moment.
    pub(super) async fn changed(&mut self) {
        if !self.next().await {
            // The watch ended; the caller looks again in its own time.
            return std::future::pending().await;
        }
        while let Ok(true) = tokio::time::timeout(QUIET, self.next()).await {}
    }
}

/// Returns at the next change, however much more is to come; never for a folder that cannot be watched.
pub(super) async fn touched(folder: &mut Option<Folder>) {
    if let Some(folder) = folder
        && folder.next().await
    {
        return;
    }
    std::future::pending().await
}

/// As [`Folder::changed`]; never returns for a folder that cannot be watched.
pub(super) async fn changed(folder: &mut Option<Folder>) {
    match folder {
        Some(folder) => folder.changed().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;
    use std::fs;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn other_files_of_the_folder_are_nobodys_news() {
        let root = tempfile::tempdir().expect("folder");
        let write = |name: &str| fs::write(root.path().join(name), "x").expect("written");
        let mut folder = Folder::watch_file(&root.path().join("one")).expect("watched");
        write("another");
        let told = timeout(Duration::from_millis(400), folder.changed()).await;
        told.expect_err("another file");
        write("one");
        let told = timeout(Duration::from_secs(20), folder.changed()).await;
        told.expect("the file");
    }
}
