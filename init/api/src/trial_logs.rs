//! The services' logs of a release on trial: they lie in memory, and the release before shall be able to show them.

use crate::{Root, paths};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// So many services' are kept.
const MOST: usize = 64;
/// So much of the end of one, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Where they are, and where they are kept.
#[derive(Debug, Clone)]
pub struct TrialLogs {
    from: PathBuf,
    to: PathBuf,
}

impl TrialLogs {
    /// Of the machine below `root`.
    #[must_use]
    pub fn of(root: &Root) -> Self {
        Self {
            from: root.path(paths::LOGS),
            to: root.path(paths::TRIAL_LOGS),
        }
    }

    /// Keeps the end of each, in the place of those that were kept before; what has not changed is not written again.
    ///
    /// # Errors
    /// The state partition takes no writes; what was written stays.
    pub fn keep(&self) -> io::Result<()> {
        let logs = names(&self.from)?;
        fs::create_dir_all(&self.to)?;
        for earlier in names(&self.to)? {
            if !logs.contains(&earlier) {
                host::file::remove(&self.to.join(earlier))?;
            }
        }
        for name in logs {
            let log = self.from.join(&name);
            let mut text = end(&log, LARGEST)?;
            let room = LARGEST.saturating_sub(text.len() as u64);
            // What was put aside to begin a new one.
            let older = end(&log.with_extension("log.1"), room).unwrap_or_default();
            text.splice(..0, older);
            host::file::write_if_changed(&self.to.join(name), 0o600, text)?;
        }
        Ok(())
    }

    /// Removes what was kept of a trial that was confirmed.
    ///
    /// # Errors
    /// It is there and cannot be removed.
    pub fn forget(&self) -> io::Result<()> {
        host::folder::remove(&self.to)
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".log"))
        .collect();
    names.sort();
    names.truncate(MOST);
    Ok(names)
}

/// The last bytes of a file, at most so many.
fn end(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, MOST, TrialLogs};
    use crate::{Root, paths};
    use std::fs;

    #[test]
    fn the_ends_of_the_logs_take_the_place_of_those_before() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let logs = TrialLogs::of(&root);
        logs.keep().expect_err("there are none");
        fs::create_dir_all(root.path(paths::LOGS)).expect("folder");
        let put = |name: &str, text: &str| {
            fs::write(root.path(paths::LOGS).join(name), text).expect("written");
        };
        let kept = |name: &str| fs::read_to_string(root.path(paths::TRIAL_LOGS).join(name)).ok();
        put("app.log", "failed\n");
        put("app.log.1", "began\n");
        let long = "x".repeat(100_000);
        put("long.log", &format!("{long}end"));
        put("long.log.1", "before");
        put("other.txt", "other");
        logs.keep().expect("kept");
        assert_eq!(kept("app.log").as_deref(), Some("began\nfailed\n"));
        let end = kept("long.log").expect("kept");
        assert_eq!(u64::try_from(end.len()).ok(), Some(LARGEST));
        assert!(end.ends_with("xend"));
        assert_eq!(kept("other.txt"), None);

        fs::remove_file(root.path(paths::LOGS).join("app.log")).expect("removed");
        for number in 0..MOST + 9 {
            put(&format!("many-{number}.log"), "");
        }
        logs.keep().expect("kept");
        assert_eq!(kept("app.log"), None, "of an earlier trial");
        let files = fs::read_dir(root.path(paths::TRIAL_LOGS)).expect("folder");
        assert_eq!(files.count(), MOST);
        logs.forget().expect("removed");
        assert!(!root.path(paths::TRIAL_LOGS).exists());
    }
}
