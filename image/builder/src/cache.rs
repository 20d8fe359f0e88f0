//! Results of steps, kept by the digest of their inputs.
//!
//! A result is a folder `build/cache/steps/<step>/<key>`. It appears by one rename, so it is either whole or not there. The
//! last few keys of each step are kept: going back to an earlier state of the tree costs nothing.

use crate::digest::Hex;
use crate::error::{Error, Result};
use crate::file;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many results of one step are kept.
const KEEP: usize = 4;

/// The store of step results.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    steps: PathBuf,
}

impl Cache {
    pub(crate) fn new(cache: &Path) -> Self {
        Self {
            steps: cache.join("steps"),
        }
    }

    /// The folder of a step; `make` fills it when it is not there yet.
    pub(crate) fn get(
        &self,
        step: &str,
        key: &Hex,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let place = self.place(step, key);
        if place.is_dir() {
            // Marks it as used, so that pruning takes the oldest; a failure only makes pruning less apt.
            let _ = std::fs::File::open(&place).and_then(|f| f.set_modified(SystemTime::now()));
            return Ok(place);
        }
        let parent = self.steps.join(step);
        file::folder(&parent)?;
        let temporary = tempfile::Builder::new()
            .prefix(".part-")
            .tempdir_in(&parent)
            .map_err(Error::write(&parent))?;
        make(temporary.path())?;
        let made = temporary.keep();
        if let Err(error) = std::fs::rename(&made, &place) {
            // Best effort: another build may have put the same result there meanwhile, and that one will do.
            let _ = std::fs::remove_dir_all(&made);
            if !place.is_dir() {
                return Err(Error::write(&place)(error));
            }
        }
        self.prune(&parent);
        Ok(place)
    }

    fn place(&self, step: &str, key: &Hex) -> PathBuf {
        self.steps.join(step).join(&key[..32])
    }

    /// Removes the results that were not used for longest. Failing to is no reason to stop a build.
    fn prune(&self, step: &Path) {
        let Ok(entries) = std::fs::read_dir(step) else {
            return;
        };
        let mut results: Vec<(SystemTime, PathBuf)> = entries
            .flatten()
            .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        results.sort();
        let surplus = results.len().saturating_sub(KEEP);
        for (_, path) in results.into_iter().take(surplus) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::of_bytes;

    #[test]
    fn a_result_is_made_once_and_a_failure_leaves_nothing() {
        let dir = tempfile::tempdir().expect("temp dir");
        let cache = Cache::new(dir.path());
        let key = of_bytes(b"inputs");
        assert!(!cache.place("s", &key).exists());
        cache
            .get("s", &key, |_| Err(Error::Wrong("stopped".into())))
            .expect_err("failed step");
        assert!(
            !cache.place("s", &key).exists(),
            "a failed step must not be found"
        );
        let made = cache
            .get("s", &key, |d| file::write(&d.join("x"), b"1"))
            .expect("made");
        let again = cache
            .get("s", &key, |_| Err(Error::Wrong("must not run".into())))
            .expect("cached");
        assert_eq!(
            (made, std::fs::read(again.join("x")).expect("x")),
            (cache.place("s", &key), b"1".to_vec())
        );
    }

    #[test]
    fn two_builds_at_once_share_a_result() {
        let dir = tempfile::tempdir().expect("temp dir");
        let cache = Cache::new(dir.path());
        let key = of_bytes(b"inputs");
        let slow = cache.get("s", &key, |slow| {
            cache.get("s", &key, |quick| file::write(&quick.join("x"), b"1"))?;
            file::write(&slow.join("x"), b"1")
        });
        assert_eq!(
            std::fs::read(slow.expect("shared").join("x")).expect("x"),
            b"1"
        );
        assert_eq!(
            std::fs::read_dir(dir.path().join("steps/s"))
                .expect("dir")
                .count(),
            1,
            "nothing is left over"
        );
    }

    #[test]
    fn old_results_are_pruned() {
        let dir = tempfile::tempdir().expect("temp dir");
        let cache = Cache::new(dir.path());
        for n in 0..KEEP + 3 {
            cache
                .get("s", &of_bytes([n as u8]), |_| Ok(()))
                .expect("made");
        }
        assert_eq!(
            std::fs::read_dir(dir.path().join("steps/s"))
                .expect("dir")
                .count(),
            KEEP
        );
    }
}
