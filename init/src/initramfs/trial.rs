//! The count of boots on trial: a record of our own beside the boot loader's counter, which goes on silently when the boot
//! partition takes no writes.
//!
//! # Guarantees
//! A boot of the release on trial is counted before anything of its root runs, but for what made and checked the state partition.
//! A release whose trial has ended, by its deadline or by its last try, is not booted again as long as the boot loader can be
//! turned away from it.

use super::Failure;
use super::attempt::{Verdict, judge};
use super::boot_loader;
use crate::report::Log;
use host::with_causes;
use init_api::{BootTrial, PendingTrial, Root, Started, UnconfirmedBoot, WhyUnconfirmed, paths};
use rustix::mount::{UnmountFlags, unmount};
use slots::{BootLoader, Counter, EntryName, Mounted, set_one_shot};
use std::path::Path;

/// Where things are.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// The mounted state partition.
    pub(super) state: &'a Path,
    /// The boot partition's device.
    pub(super) boot: Option<&'a Path>,
    /// Where it can be mounted.
    pub(super) mount: &'a Path,
    /// The kernel's view of the machine.
    pub(super) sys: &'a Path,
    /// Where people are told.
    pub(super) log: &'a Log,
}

/// Counts this boot if it is on trial, and gives what PID 1 is told about that.
///
/// # Errors
/// Its trial has ended: the next boot, of the last good release, is prepared, and the state partition is closed.
pub(super) fn begin(
    places: &Places<'_>,
    root_hash: &str,
    started: &Started,
) -> Result<Option<BootTrial>, Failure> {
    let state = Root::new(places.state);
    match read(&state, root_hash, started, places.log) {
        Verdict::Ordinary => Ok(None),
        Verdict::OnTrial { trial, counted } => {
            if let Some(counted) = &counted {
                count(&state, counted, places.log);
                let (attempt, tries) = (counted.attempts, counted.tries);
                let version = &counted.release.version;
                let line = format!("release {version} is on trial: boot {attempt} of {tries}");
                places.log.line(&line);
            }
            Ok(Some(trial))
        }
        Verdict::Over { counted, why } => {
            count(&state, &counted, places.log);
            turn_back(&counted, places);
            // The count is flushed; the next boot's check mends what was left open.
            if let Err(error) = unmount(places.state, UnmountFlags::empty()) {
                places.log.error(&format!("cannot unmount state: {error}"));
            }
            Err(Failure::TrialOver {
                version: counted.release.version,
                why,
                good: counted.good.version,
            })
        }
    }
}

/// As the stage does it, on the state partition mounted at `state`, the boot partition `boot` (mounted at `mount`) and with the
/// boot loader's word below `sys`: for whoever plays boots without a machine. An error is what the stage would say.
///
/// # Errors
/// The trial of this release has ended, and the machine would restart into the last good one.
pub fn begin_trial(
    state: &Path,
    boot: Option<&Path>,
    mount: &Path,
    sys: &Path,
    root_hash: &str,
) -> Result<Option<BootTrial>, String> {
    let log = Log::default();
    let places = Places {
        state,
        boot,
        mount,
        sys,
        log: &log,
    };
    begin(&places, root_hash, &boot_loader::started(sys)).map_err(|failure| failure.to_string())
}

/// What the records on the mounted state partition say about this boot.
fn read(state: &Root, root_hash: &str, started: &Started, log: &Log) -> Verdict {
    // A record that cannot be read leaves the boot loader's word.
    let pending = told(init_api::load_if_present(state.path(paths::TRIAL)), log);
    let unconfirmed = told(
        init_api::load_if_present(state.path(paths::UNCONFIRMED_BOOT)),
        log,
    );
    judge(root_hash, started, pending, unconfirmed.as_ref())
}

/// Writes the count down. Without it the boot goes on: the boot loader counts, too.
fn count(state: &Root, counted: &PendingTrial, log: &Log) {
    let path = state.path(paths::UNCONFIRMED_BOOT);
    told(
        init_api::store(state.path(paths::TRIAL), counted).map(Some),
        log,
    );
    // What it says about the boot before is counted now. How the trial ended stays for those who explain it.
    let interrupted = |last: &UnconfirmedBoot| last.why == WhyUnconfirmed::Interrupted;
    if told(init_api::load_if_present(&path), log).is_some_and(|last| interrupted(&last))
        && let Err(error) = host::file::remove_for_good(&path)
    {
        log.error(&format!("cannot remove {}: {error}", path.display()));
    }
}

/// Turns the boot loader away from the release of the trial: its entry is marked as spent, and the next boot is told to start
/// the last good one. Either is enough; U-Boot knows the first alone, and on a Raspberry Pi whose firmware chooses, a plain restart is
/// all it takes.
fn turn_back(trial: &PendingTrial, places: &Places<'_>) {
    match spend(trial, places) {
        Ok(BootLoader::UBoot(_) | BootLoader::Tryboot(_)) => return,
        Ok(BootLoader::SystemdBoot(_)) => {}
        Err(error) => {
            let error = format!("cannot mark the release as spent: {error}");
            places.log.error(&error);
        }
    }
    let variables = places.sys.join("firmware/efi/efivars");
    let good = trial.good.entry.parse::<EntryName>();
    let told = good
        .map_err(|error| error.to_string())
        .and_then(|good| set_one_shot(&variables, &good).map_err(|error| error.to_string()));
    if let Err(error) = told {
        let good = &trial.good.entry;
        let error = format!("cannot tell the boot loader to start {good}: {error}");
        places.log.error(&error);
    }
}

fn spend(trial: &PendingTrial, places: &Places<'_>) -> Result<BootLoader, String> {
    let device = places.boot.ok_or("the disk has no boot partition")?;
    let name: EntryName = trial
        .release
        .entry
        .parse()
        .map_err(|error: slots::BadEntryName| error.to_string())?;
    let spent = Counter {
        left: 0,
        done: trial.attempts.min(9),
    };
    let mounted = Mounted::open(device, places.mount).map_err(|error| with_causes(&error))?;
    let boot = BootLoader::of(mounted.folder(), None);
    // Under a short name it would be started all the same.
    boot.set_strays_aside()
        .and_then(|()| boot.count(&name, Some(spent)))
        .map_err(|error| with_causes(&error))?;
    Ok(boot)
}

fn told<T>(read: Result<Option<T>, init_api::FileError>, log: &Log) -> Option<T> {
    read.unwrap_or_else(|error| {
        log.error(&with_causes(&error));
        None
    })
}
