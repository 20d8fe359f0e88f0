//! Waiting for the booted disk.

use super::Failure;
use super::boot_loader;
use super::known_disks::KnownDisks;
use super::plug::Plug;
use crate::disk::{Choice, Disk, choose, disks, partition_names};
use crate::report::Log;
use crate::watchdog::Guard;
use disk::gpt::Uuid;
use std::path::Path;
use std::time::{Duration, Instant};

/// USB disks behind slow hubs take up to half of this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of a disk with a damaged primary table the kernel sees no partitions: after this time all disks are read.
const LAST_RESORT: Duration = Duration::from_secs(10);

/// Waits for the booted disk.
pub(super) fn wait(
    root: &Path,
    plug: &mut Plug,
    log: &Log,
    guard: &mut Guard,
) -> Result<Disk, Failure> {
    let (sys, dev) = (root.join("sys"), root.join("dev"));
    let loader = boot_loader::partition(&sys);
    let begin = Instant::now();
    let mut last_news = begin;
    let mut known = KnownDisks::default();
    loop {
        let there = disks(&sys, &dev).into_iter().map(|disk| {
            let names = partition_names(&sys, &disk.name);
            (disk, names)
        });
        known.update(there, begin.elapsed() >= LAST_RESORT, |disk| {
            guard.feed();
            disk.table().map_err(|error| error.to_string())
        });
        let wait = match next(&known, loader, begin.elapsed(), last_news.elapsed()) {
            Next::Wait(time) => time.min(guard.interval()),
            Next::Take(disk) => return Ok(disk),
            Next::GiveUp(failure) => return Err(failure),
        };
        plug.listener().wait(wait).map_err(Failure::Listen)?;
        let events = plug.take_events(root, log, guard);
        if events.is_about_disks() {
            last_news = Instant::now();
        }
        known.forget(&events.changed);
    }
}

/// What to do next.
#[derive(Debug)]
enum Next {
    /// Wait for news, at most so long.
    Wait(Duration),
    /// This disk was booted.
    Take(Disk),
    /// It cannot be told.
    GiveUp(Failure),
}

/// Decides after having waited for `waited`, the last of it, `silent`, without news.
fn next(disks: &KnownDisks, loader: Option<Uuid>, waited: Duration, silent: Duration) -> Next {
    match choose(&disks.whole(), loader) {
        Choice::Several(names) => Next::GiveUp(Failure::SeveralDisks(names.join(", "))),
        Choice::Found { name, quiet } => {
            let left = quiet.saturating_sub(silent);
            // A device that comes and goes all the time is news for ever.
            if left.is_zero() || waited >= PATIENCE {
                let disk = disks.disk(name);
                Next::Take(disk.expect("the choice is among those looked at").clone())
            } else {
                Next::Wait(left)
            }
        }
        Choice::NotYet if waited >= PATIENCE => Next::GiveUp(Failure::NoDisk {
            seconds: PATIENCE.as_secs(),
            seen: describe(disks, loader),
        }),
        Choice::NotYet if waited < LAST_RESORT => Next::Wait(LAST_RESORT - waited),
        Choice::NotYet => Next::Wait(PATIENCE - waited),
    }
}

fn describe(disks: &KnownDisks, loader: Option<Uuid>) -> String {
    let wanted = match loader {
        Some(guid) => format!("the boot loader came from partition {guid}"),
        None => "the boot loader does not say where it came from, so a disk with partitions boot and root-a is wanted".into(),
    };
    match disks.describe() {
        seen if seen.is_empty() => format!("{wanted}; there is no disk at all"),
        seen => format!("{wanted}; there are {seen}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST_RESORT, Next, PATIENCE, next};
    use crate::disk::{Disk, samples};
    use crate::initramfs::known_disks::KnownDisks;
    use disk::gpt::{Table, Uuid};
    use std::time::Duration;

    fn known(disks: &[(&str, Table)]) -> KnownDisks {
        let mut known = KnownDisks::default();
        let there = disks.iter().map(|(name, _)| {
            let disk = Disk {
                name: (*name).into(),
                node: format!("/dev/{name}").into(),
            };
            (disk, Vec::new())
        });
        let read = |wanted: &Disk| {
            let found = disks.iter().find(|(name, _)| *name == wanted.name);
            Ok(found.expect("it is there").1.clone())
        };
        known.update(there, true, read);
        known
    }

    #[test]
    fn the_first_of_two_alike_disks_is_not_taken_before_the_other_had_time() {
        let flashed = samples::table(1, &["boot", "CONFIG", "root-a"]);
        let booted = samples::table(2, &["boot", "CONFIG", "root-a", "root-b", "state"]);
        let (one, two) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let alone = known(&[("sda", flashed.clone())]);
        let alike = known(&[("sda", flashed.clone()), ("sdb", flashed.clone())]);
        let known = known(&[("sda", flashed), ("sdb", booted)]);
        let seconds = Duration::from_secs;
        for (case, disks, loader, waited, silent, expected) in [
            ("just there", &alone, one, 1, 0, "wait 3"),
            ("still silent", &alone, one, 3, 2, "wait 1"),
            ("silent for long", &alone, one, 4, 3, "take sda"),
            ("never silent", &alone, one, 60, 0, "take sda"),
            ("its twin came", &alike, one, 1, 0, "several"),
            ("booted before", &known, two, 0, 0, "take sdb"),
            ("another machine's loader", &alone, two, 1, 0, "wait 9"),
            ("after the last resort", &alone, two, 20, 20, "wait 40"),
            ("no patience", &alone, two, 60, 60, "none"),
        ] {
            let got = match next(disks, loader, seconds(waited), seconds(silent)) {
                Next::Wait(time) => format!("wait {}", time.as_secs()),
                Next::Take(disk) => format!("take {}", disk.name),
                Next::GiveUp(crate::initramfs::Failure::SeveralDisks(_)) => "several".into(),
                Next::GiveUp(_) => "none".into(),
            };
            assert_eq!(got, expected, "{case}");
        }
        assert!(LAST_RESORT < PATIENCE);
    }
}
