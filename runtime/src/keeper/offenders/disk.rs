//! Whether those who need a disk wait for it.
//!
//! Two things say so. The kernel knows for what part of the time the system's services wait for a disk; they need it so seldom
//! that this stays little on a disk that is slow for everybody. So the disk itself is asked, too: one that is busy nearly all the
//! time, and takes long for each request, lets whoever comes wait.

use crate::Paths;
use init_api::Millis;
use std::collections::BTreeMap;
use std::fs;

/// How long the system's services wait for the disk.
const PRESSURE: &str = "/sys/fs/cgroup/system/io.pressure";
const DISKS: &str = "/sys/block";
/// Of the time, in percent, in which the system waits for the disk.
const MUCH: f64 = 20.0;
/// Of the time, in percent, in which a disk has requests: what is left is its clients' own time between two of them.
const BUSY: u64 = 70;
/// For each request, in ms: ten times what a good card takes.
const LONG: u64 = 50;
/// Ten seconds of it are anybody's right.
const LOOKS: u32 = 2;

/// What the kernel has counted of a disk (`Documentation/block/stat.rst`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counted {
    /// Reads and writes that were done.
    requests: u64,
    /// How long they took together, in ms.
    took: u64,
    /// How long there were any, in ms.
    busy: u64,
}

/// The disks of this machine, as they were last looked at.
#[derive(Debug, Default)]
pub(super) struct Disks {
    last: Option<(Millis, BTreeMap<String, Counted>)>,
    /// How many looks in a row found one that lets others wait.
    slow: u32,
}

impl Disks {
    /// Why others wait for a disk now, for a person, as far as they do.
    pub(super) fn why_others_wait(&mut self, paths: &Paths, now: Millis) -> Option<String> {
        let pressure = fs::read_to_string(paths.at(PRESSURE)).unwrap_or_default();
        let slow = self.count(now, counted(paths));
        let waits = waits(&pressure);
        (waits >= MUCH)
            .then(|| format!("the system waits for the disk {waits:.0} % of the time"))
            .or(slow)
    }

    fn count(&mut self, now: Millis, disks: BTreeMap<String, Counted>) -> Option<String> {
        let (at, before) = self.last.replace((now, disks.clone()))?;
        let passed = now.since(at).0.max(1);
        let slow = disks.iter().find_map(|(name, disk)| {
            let before = before.get(name)?;
            let busy = disk.busy.saturating_sub(before.busy) * 100 / passed;
            let requests = disk.requests.saturating_sub(before.requests);
            let each = disk.took.saturating_sub(before.took) / requests.max(1);
            (busy >= BUSY && each >= LONG).then(|| {
                let busy = busy.min(100);
                format!("{name} is busy {busy} % of the time, and takes {each} ms for each request")
            })
        });
        self.slow = if slow.is_some() { self.slow + 1 } else { 0 };
        slow.filter(|_| self.slow >= LOOKS)
    }
}

/// Every disk that has a device behind it.
fn counted(paths: &Paths) -> BTreeMap<String, Counted> {
    let disks = fs::read_dir(paths.at(DISKS))
        .into_iter()
        .flatten()
        .flatten();
    let counted = disks.filter_map(|disk| {
        let folder = disk.path();
        let text = fs::read_to_string(folder.join("stat")).ok()?;
        let is_real = folder.join("device").exists();
        is_real.then_some((disk.file_name().into_string().ok()?, numbers(&text)?))
    });
    counted.collect()
}

fn numbers(text: &str) -> Option<Counted> {
    let all: Vec<u64> = text
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect();
    let at = |place: usize| all.get(place).copied();
    Some(Counted {
        requests: at(0)?.saturating_add(at(4)?),
        took: at(3)?.saturating_add(at(7)?),
        busy: at(9)?,
    })
}

/// `some avg10=1.23 avg60=…`; a kernel that does not count it says nothing.
fn waits(text: &str) -> f64 {
    let word = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix("avg10="));
    word.and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::{DISKS, Disks, PRESSURE};
    use crate::Paths;
    use init_api::Millis;
    use std::fs;

    /// What is seen at a look that comes ten seconds after the one before.
    struct Machine {
        root: tempfile::TempDir,
        disks: Disks,
        now: u64,
        counted: [u64; 3],
    }

    impl Machine {
        fn new() -> Self {
            let mut machine = Self {
                root: tempfile::tempdir().expect("folder"),
                disks: Disks::default(),
                now: 0,
                counted: [1000, 5000, 90_000],
            };
            assert_eq!(machine.after(0, 0, 0, 0.0), None, "the first look");
            machine
        }

        fn after(&mut self, requests: u64, took: u64, busy: u64, waits: f64) -> Option<String> {
            let paths = Paths::below(self.root.path());
            self.now += 10;
            let new = [requests, took, busy];
            for (all, new) in self.counted.iter_mut().zip(new) {
                *all += new;
            }
            let [requests, took, busy] = self.counted;
            for (disk, is_real) in [("mmcblk0", true), ("dm-0", false)] {
                let folder = paths.at(DISKS).join(disk);
                let made = if is_real {
                    folder.join("device")
                } else {
                    folder.clone()
                };
                fs::create_dir_all(made).expect("folder");
                let text =
                    format!("    0    0  800    0 {requests} 4 9000 {took}    0 {busy}  72442\n");
                fs::write(folder.join("stat"), text).expect("written");
            }
            let pressure = paths.at(PRESSURE);
            fs::create_dir_all(pressure.parent().expect("a folder")).expect("folder");
            let text = format!("some avg10={waits:.2} avg60=9.00 avg300=0.00 total=5\n");
            fs::write(pressure, text).expect("written");
            self.disks
                .why_others_wait(&paths, Millis::seconds(self.now))
        }
    }

    #[test]
    fn a_disk_that_lets_others_wait_is_seen_at_the_second_look() {
        // As a card of 20 MB/s does with one pod that writes all the time.
        let mut machine = Machine::new();
        assert_eq!(machine.after(272, 25_000, 8300, 1.0), None);
        let said = machine.after(272, 25_000, 8300, 1.0);
        let expected = "mmcblk0 is busy 83 % of the time, and takes 91 ms for each request";
        assert_eq!(said.as_deref(), Some(expected));
        assert_eq!(machine.after(10, 900, 100, 1.0), None, "it has time again");
        assert_eq!(machine.after(272, 25_000, 8300, 1.0), None);
    }

    #[test]
    fn a_disk_that_is_quick_lets_nobody_wait() {
        let mut machine = Machine::new();
        for look in 0..3 {
            assert_eq!(machine.after(9000, 9000, 9500, 1.0), None, "{look}");
            assert_eq!(machine.after(3, 3000, 900, 1.0), None, "{look}: seldom");
        }
    }

    #[test]
    fn the_system_that_waits_is_heard_at_once() {
        let mut machine = Machine::new();
        let said = machine.after(1, 1, 1, 23.4);
        assert_eq!(
            said.as_deref(),
            Some("the system waits for the disk 23 % of the time")
        );
    }
}
