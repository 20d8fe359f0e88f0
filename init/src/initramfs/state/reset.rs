//! What a person asked for besides a new state partition, before that is made: a cut at any step does all of it again.

use super::check::Check;
use super::error::StateError;
use crate::program::Program;
use crate::report::Log;
use crate::watchdog::Guard;
use disk::layout::Reset;
use host::with_causes;
use slots::Mounted;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Where CONFIG is mounted, below the root.
const CONFIG: &str = "run/holdfast/reset-config";

/// Removes the configuration and overwrites the partition, as far as that was asked for.
///
/// # Errors
/// The partition cannot be overwritten: what was to be gone is not, and nobody shall believe it is.
pub(super) fn prepare(
    reset: Reset,
    check: &Check<'_>,
    config: Option<&Path>,
    guard: &mut Guard,
) -> Result<(), StateError> {
    if !reset.forgets_config() {
        return Ok(());
    }
    check.log.line("reset: the configuration is removed");
    if let Some(device) = config {
        forget_config(check.root, device, check.log);
    }
    if reset == Reset::WipeSecrets {
        check.log.line("reset: the state partition is overwritten");
        overwrite(check, guard)?;
    }
    Ok(())
}

/// A partition that cannot be mounted has no configuration that anybody could read.
fn forget_config(root: &Path, device: &Path, log: &Log) {
    let done = Mounted::open(device, &root.join(CONFIG))
        .map_err(|error| with_causes(&error))
        .and_then(|mounted| empty(mounted.folder()).map_err(|error| error.to_string()));
    if let Err(error) = done {
        log.error(&format!(
            "reset: the configuration on {} cannot be removed: {error}",
            device.display()
        ));
    }
}

/// Overwrites and removes every file but the one that says what the partition is for.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && entry.file_name() != "README.txt" {
            let mut file = File::options().write(true).open(entry.path())?;
            let length = file.metadata()?.len();
            io::copy(&mut io::Read::take(io::repeat(0), length), &mut file)?;
            file.flush()?;
            file.sync_all()?;
            host::file::remove_for_good(&entry.path())?;
        }
    }
    Ok(())
}

fn overwrite(check: &Check<'_>, guard: &mut Guard) -> Result<(), StateError> {
    let device = check.node.to_string_lossy();
    let program = Program {
        root: check.root,
        path: "/usr/bin/shred",
        // Once, with zeros: flash keeps what it replaces wherever it likes, whatever is written and however often.
        arguments: &["--iterations=0", "--zero", &device],
        good: &[0],
    };
    program.run(&check.logs.join("reset.log"), guard, |minutes| {
        let line = format!("still overwriting state, {minutes} min");
        check.log.line(&line);
    })?;
    let discard = Program {
        root: check.root,
        path: "/usr/sbin/blkdiscard",
        arguments: &["--force", &device],
        // A disk that knows no discard is overwritten all the same.
        good: &[0, 1],
    };
    discard.run(&check.logs.join("discard.log"), guard, |_| {})?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Check, empty, prepare};
    use crate::report::Log;
    use crate::watchdog::Guard;
    use disk::layout::Reset;
    use std::fs;
    use std::path::Path;

    #[test]
    fn a_configuration_goes_and_what_says_what_it_is_for_stays() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["config.yaml", "README.txt", "state-repair-1.e2undo"] {
            fs::write(at(name), "secret").expect("written");
        }
        fs::hard_link(at("config.yaml"), at("..").join("seen-elsewhere")).expect("a link");
        empty(folder.path()).expect("emptied");
        empty(folder.path()).expect("again, after a cut");
        let left: Vec<_> = fs::read_dir(folder.path()).expect("listed").collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(fs::read(at("README.txt")).expect("there"), b"secret");
        let seen = at("..").join("seen-elsewhere");
        assert_eq!(fs::read(&seen).expect("there"), [0; 6], "it is overwritten");
        fs::remove_file(seen).expect("removed");
    }

    #[test]
    fn what_was_on_the_partition_is_overwritten_if_that_is_asked_for() {
        for (reset, gone) in [
            (Reset::KeepConfig, false),
            (Reset::Everything, false),
            (Reset::WipeSecrets, true),
        ] {
            let folder = tempfile::tempdir().expect("folder");
            let node = folder.path().join("state");
            fs::write(&node, "secret ".repeat(100_000)).expect("written");
            let log = Log::default();
            let check = Check {
                node: &node,
                root: Path::new("/"),
                logs: folder.path(),
                log: &log,
            };
            prepare(reset, &check, None, &mut Guard::default()).expect("done");
            let left = fs::read(&node).expect("there");
            assert_eq!(left.iter().all(|byte| *byte == 0), gone, "{reset:?}");
        }
    }
}
