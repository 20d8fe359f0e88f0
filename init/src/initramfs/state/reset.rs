//! What a person asked for besides a new state partition, before that is made: a cut at any step does all of it again.
//!
//! # Guarantee
//! What could not be removed or overwritten is told, and stays asked for: nobody shall believe that it is gone.

use super::check::Check;
use super::error::StateError;
use crate::program::{Program, ProgramError};
use crate::watchdog::Guard;
use disk::layout::Reset;
use host::with_causes;
use slots::Mounted;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Where CONFIG is mounted, in memory beside the logs.
const MOUNT: &str = "reset-config";
/// Says what the partition is for; it is as it was flashed.
const README: &str = "README.txt";

/// What was done before state is made new.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// Why the configuration is still there, though it was to go.
    pub(super) kept: Option<StateError>,
}

impl Prepared {
    /// What is to be asked for still, when the state partition is overwritten.
    pub(super) const fn left(&self) -> Reset {
        match self.kept {
            None => Reset::KeepConfig,
            Some(_) => Reset::Everything,
        }
    }
}

/// Removes the configuration and overwrites the partition, as far as that was asked for. One that does not succeed is no reason to
/// leave out the other.
///
/// # Errors
/// The partition cannot be overwritten.
pub(super) fn prepare(
    reset: Reset,
    check: &Check<'_>,
    config: Option<&Path>,
    guard: &mut Guard,
) -> Result<Prepared, StateError> {
    let mut prepared = Prepared::default();
    if !reset.forgets_config() {
        return Ok(prepared);
    }
    if let Some(device) = config {
        check.log.line("reset: the configuration is removed");
        let forgotten = forget_config(reset, check, device, guard);
        prepared.kept = forgotten.err().map(|source| StateError::ConfigKept {
            device: device.into(),
            source,
        });
    }
    if let Some(kept) = &prepared.kept {
        check.log.error(&with_causes(kept));
    }
    if reset == Reset::WipeSecrets {
        check.log.line("reset: the state partition is overwritten");
        overwrite(check, check.node, guard).map_err(StateError::NotWiped)?;
    }
    Ok(prepared)
}

/// A partition that cannot be emptied is overwritten and made anew: whoever has the disk may read what the kernel does not. So is one
/// whose secrets are to be wiped, for earlier configurations lie where it has no files any more.
fn forget_config(
    reset: Reset,
    check: &Check<'_>,
    device: &Path,
    guard: &mut Guard,
) -> Result<(), ProgramError> {
    if reset != Reset::WipeSecrets {
        let Err(why) = emptied(check, device) else {
            return Ok(());
        };
        check.log.line(&format!(
            "reset: {} cannot be emptied, so it is made new: {why}",
            device.display()
        ));
    }
    let readme = mounted(check, device, |folder| fs::read(folder.join(README)));
    overwrite(check, device, guard)?;
    let name = device.to_string_lossy();
    let program = Program {
        root: check.root,
        path: "/usr/sbin/mkfs.fat",
        arguments: &["-n", "CONFIG", &name],
        good: &[0],
    };
    program.run(&check.logs.join("reset.log"), guard, |_| {})?;
    if let Ok(text) = readme {
        let put = |folder: &Path| host::file::write(&folder.join(README), 0o644, &text);
        if let Err(error) = mounted(check, device, put) {
            // For people alone, who have the same text in the documentation.
            check
                .log
                .line(&format!("reset: {README} is not put back: {error}"));
        }
    }
    Ok(())
}

fn emptied(check: &Check<'_>, device: &Path) -> Result<(), String> {
    mounted(check, device, |folder| empty(folder, Some(README)))
}

/// Does something with the mounted CONFIG partition.
fn mounted<T>(
    check: &Check<'_>,
    device: &Path,
    act: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<T, String> {
    let at = check.logs.join(MOUNT);
    let mounted = Mounted::open(device, &at).map_err(|error| with_causes(&error))?;
    act(mounted.folder()).map_err(|error| error.to_string())
}

/// Overwrites and removes everything but the file `spared`.
fn empty(folder: &Path, spared: Option<&str>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (entry, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        if spared.is_some_and(|spared| entry == spared) {
            continue;
        }
        if fs::symlink_metadata(&path)?.is_dir() {
            empty(&path, None)?;
            fs::remove_dir(&path)?;
            File::open(folder)?.sync_all()?;
            continue;
        }
        let mut file = File::options().write(true).open(&path)?;
        let length = file.metadata()?.len();
        io::copy(&mut io::Read::take(io::repeat(0), length), &mut file)?;
        file.flush()?;
        file.sync_all()?;
        host::file::remove_for_good(&path)?;
    }
    Ok(())
}

fn overwrite(check: &Check<'_>, device: &Path, guard: &mut Guard) -> Result<(), ProgramError> {
    let name = device.to_string_lossy();
    let program = Program {
        root: check.root,
        path: "/usr/bin/shred",
        // Once, with zeros: flash keeps what it replaces wherever it likes, whatever is written and however often.
        arguments: &["--iterations=0", "--zero", &name],
        good: &[0],
    };
    program.run(&check.logs.join("reset.log"), guard, |minutes| {
        let line = format!("still overwriting {name}, {minutes} min");
        check.log.line(&line);
    })?;
    let discard = Program {
        root: check.root,
        path: "/usr/sbin/blkdiscard",
        arguments: &["--force", &name],
        // A disk that knows no discard is overwritten all the same.
        good: &[0, 1],
    };
    discard.run(&check.logs.join("discard.log"), guard, |_| {})?;
    Ok(())
}

#[cfg(test)]
mod tests;
