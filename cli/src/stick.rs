//! The plugged-in stick, in a turn of one's own: the mount of its bundle is taken away for it.

use anyhow::{Context, bail};
use bundle::Turn;
use init_api::{Root, paths};
use node_setup::StickOut;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long whoever reads a bundle is waited for: images of some GB, from a slow stick onto a slow disk.
const PATIENCE: Duration = Duration::from_secs(600);

/// A stick that is mounted, while nobody else uses it.
#[derive(Debug)]
pub(crate) struct Stick {
    // Unmounted before the turn is over: fields go in this order.
    mounted: StickOut,
    turn: Turn,
}

impl Stick {
    /// Waits until nobody reads its bundle, and mounts it; for writing if asked.
    ///
    /// # Errors
    /// It is read for too long; or as [`StickOut::open`].
    pub(crate) fn open(root: &Root, writable: bool) -> anyhow::Result<Self> {
        let turn = turn(&root.path(paths::STICK_TURNS), PATIENCE)?;
        let mounted = StickOut::open(writable)?;
        Ok(Self { mounted, turn })
    }

    /// As [`StickOut::folder`].
    pub(crate) fn folder(&self) -> PathBuf {
        self.mounted.folder()
    }

    /// As [`StickOut::device`].
    pub(crate) fn device(&self) -> &str {
        self.mounted.device()
    }

    /// As [`StickOut::close`].
    ///
    /// # Errors
    /// The same.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        let Self { mounted, turn } = self;
        mounted.close()?;
        drop(turn);
        Ok(())
    }
}

/// Mounts the stick with a bundle that is plugged in now, when nobody reads the one before; gives what a log should have.
///
/// # Errors
/// As [`node_setup::stick::follow`].
pub(crate) fn follow(root: &Root) -> anyhow::Result<Vec<String>> {
    // Who reads a stick that was pulled out hears of it; who does not hear of it must not keep the next one from being used.
    let turn = turn(&root.path(paths::STICK_TURNS), PATIENCE);
    let early = turn.as_ref().err().map(|error| format!("{error:#}"));
    let notes = node_setup::stick::follow(root).context("cannot say which stick is plugged in")?;
    Ok(early.into_iter().chain(notes).collect())
}

fn turn(at: &Path, patience: Duration) -> anyhow::Result<Turn> {
    let waiting = || {
        crate::out::tell!(
            "the USB stick is read: images of its bundle are loaded, or a release is staged; waiting for the end of that"
        );
    };
    match Turn::alone(at, patience, waiting) {
        Ok(Some(turn)) => Ok(turn),
        Ok(None) => bail!(
            "the USB stick has been read for {} min: images of its bundle are loaded, or a release is staged. Try again when that has ended; \
             `holdfast logs keeper` and `holdfast upgrade status` show how far it is",
            patience.as_secs() / 60
        ),
        Err(error) => Err(error).with_context(|| format!("cannot lock {}", at.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::turn;
    use bundle::Turn;
    use std::time::Duration;

    #[test]
    fn a_stick_that_is_read_is_left_mounted_and_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("turns");
        let reads = Turn::reading(&at).unwrap();
        let error = turn(&at, Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains("images of its bundle are loaded"), "{error}");
        drop(reads);
        turn(&at, Duration::ZERO).unwrap();
        let error = turn(&folder.path().join("none/turns"), Duration::ZERO).unwrap_err();
        assert!(error.to_string().starts_with("cannot lock"), "{error}");
    }
}
