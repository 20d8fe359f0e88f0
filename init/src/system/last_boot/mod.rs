//! How the boot before this one ended: found out once at each boot, and told at [`paths::LAST_BOOT`] until the next.
//!
//! # Flow
//! PID 1 notes on state that a boot began ([`BootNote`]), and at its orderly end how that came. The next boot reads the note, what the
//! kernel left in pstore, and whether the watchdog's hardware says that it did the reset; keeps the kernel's text; writes its own
//! note; and empties pstore.
//!
//! # Guarantees
//! Each end is told at one boot. A text leaves pstore only after it lies on state and this boot is noted; a cut before that leaves the
//! text in both places, and the next boot knows it again. A state partition that lasts no longer than this boot is told nothing,
//! and pstore is left as it is then.

mod crash;
mod judge;
mod kept;
mod pstore;

use crate::clock;
use init_api::{
    Asked, Asker, BootNote, BootRecord, Down, LastBoot, OrderlyEnd, Release, Root, StateOutcome,
    paths,
};
use judge::Findings;
use std::fs;
use std::io;

pub use crash::{Crash, read_crashes};

/// Where the kernel shows what it left.
const PSTORE: &str = "/sys/fs/pstore";
/// Of why PID 1 gave up, so many characters are kept.
const LONGEST_REASON: usize = 300;

/// Finds it out, tells it, and notes that this boot began. Gives what did not work: it does not stop the boot.
pub(super) fn find_out(
    root: &Root,
    boot: Option<&BootRecord>,
    release: Option<&Release>,
    reset_by_watchdog: bool,
) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |what: &str, error: &dyn std::error::Error| {
        notes.push(format!("{what}: {}", host::with_causes(error)));
    };
    let before = init_api::load_if_present::<BootNote>(root.path(paths::BOOT_NOTE));
    let before = before.unwrap_or_else(|error| {
        note("it is not known how the last boot ended", &error);
        None
    });
    let lasts = boot.is_some_and(|boot| boot.state != StateOutcome::Unusable);
    let parts = pstore::read(&root.path(PSTORE));
    let folder = root.path(paths::KERNEL_CRASHES);
    let mut crashes = read_crashes(parts.bytes.iter().map(Vec::as_slice));
    crashes.retain(|crash| kept::find(&folder, &crash.text).is_none());
    let mut kept = None;
    for crash in crashes.iter().filter(|_| lasts) {
        match kept::keep(&folder, &crash.text) {
            Ok(path) => kept = Some(path),
            Err(error) => note(
                "what the kernel said when it crashed cannot be kept",
                &error,
            ),
        }
    }
    let findings = Findings {
        note: before.as_ref(),
        // A complaint that came after a panic is of another boot, and says less.
        crash: crashes.iter().rfind(|crash| crash.panic).or(crashes.last()),
        reset_by_watchdog,
    };
    let id = fs::read_to_string(root.path("/proc/sys/kernel/random/boot_id"));
    let last = LastBoot {
        kept: kept.filter(|_| before.is_some()),
        ..judge::judge(&findings, id.unwrap_or_default().trim().to_owned())
    };
    if let Err(error) = init_api::store(root.path(paths::LAST_BOOT), &last) {
        note("it cannot be told how the last boot ended", &error);
    }
    if !lasts {
        return notes;
    }
    if let Err(error) = begin(root, boot, release) {
        note("this boot cannot be noted", &error);
        return notes;
    }
    let lost = crashes
        .iter()
        .any(|crash| kept::find(&folder, &crash.text).is_none());
    if !lost && let Err(error) = parts.erase() {
        note(
            "the firmware keeps what the kernel said when it crashed",
            &error,
        );
    }
    notes
}

/// Notes that this boot began. If that cannot be written, the note of the one before must not stand as this one's.
fn begin(root: &Root, boot: Option<&BootRecord>, release: Option<&Release>) -> io::Result<()> {
    let note = BootNote {
        version: release
            .map(|release| release.version.clone())
            .unwrap_or_default(),
        root_hash: boot.map(|boot| boot.root_hash.clone()).unwrap_or_default(),
        ready: false,
        end: None,
    };
    let path = root.path(paths::BOOT_NOTE);
    init_api::store(&path, &note).map_err(|error| {
        // Nothing is known then, which is true.
        let _ = host::file::remove_for_good(&path);
        io::Error::other(host::with_causes(&error))
    })
}

/// The node is Ready in this boot.
///
/// # Errors
/// The state partition does not take it.
pub(super) fn note_ready(root: &Root) -> Result<(), init_api::FileError> {
    let path = root.path(paths::BOOT_NOTE);
    let note = init_api::load_if_present::<BootNote>(&path)?;
    note.map_or(Ok(()), |note| {
        init_api::store(
            path,
            &BootNote {
                ready: true,
                ..note
            },
        )
    })
}

/// PID 1 cannot go on and restarts: the next boot says why.
///
/// # Errors
/// The state partition does not take it.
pub(super) fn give_up(root: &Root, why: &str) -> Result<(), init_api::FileError> {
    let path = root.path(paths::BOOT_NOTE);
    let Some(note) = init_api::load_if_present::<BootNote>(&path)? else {
        return Ok(());
    };
    let end = OrderlyEnd {
        down: Down::Reboot,
        asked: Asked::about(Asker::Trouble, host::plain::line(why, LONGEST_REASON)),
        at_ms: clock::since_kernel_start(),
    };
    let end = Some(end);
    init_api::store(path, &BootNote { end, ..note })
}

/// What was told; none if nothing was.
pub(super) fn told(root: &Root) -> Option<LastBoot> {
    init_api::load_if_present(root.path(paths::LAST_BOOT))
        .ok()
        .flatten()
}

/// A watchdog whose driver came late says that it did the last reset: it is told anew.
pub(super) fn watchdog_came(root: &Root, last: &mut LastBoot) -> Result<(), init_api::FileError> {
    judge::hear_of_watchdog(last);
    init_api::store(root.path(paths::LAST_BOOT), last)
}

#[cfg(test)]
mod tests {
    use super::{PSTORE, find_out, told, watchdog_came};
    use init_api::{
        Asked, Asker, BootEnd, BootNote, BootRecord, Down, LastBoot, Millis, OrderlyEnd,
        Partitions, Release, Root, Slot, Started, StateOutcome, paths,
    };
    use std::fs;

    struct Machine {
        _folder: tempfile::TempDir,
        root: Root,
    }

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("folder");
            let root = Root::new(folder.path());
            for place in [PSTORE, paths::STATE, "/proc/sys/kernel/random"] {
                fs::create_dir_all(root.path(place)).expect("folder");
            }
            let id = root.path("/proc/sys/kernel/random/boot_id");
            fs::write(id, "0a-1b\n").expect("written");
            Self {
                _folder: folder,
                root,
            }
        }

        fn panic(&self, id: u32, text: &str) {
            let path = self
                .root
                .path(PSTORE)
                .join(format!("dmesg-efi_pstore-{id}"));
            fs::write(path, format!("Panic#1 Part1\n{text}\n")).expect("written");
        }

        fn boot_with(&self, state: StateOutcome, watchdog: bool) -> (LastBoot, Vec<String>) {
            let boot = BootRecord {
                slot: Slot::A,
                root_hash: "ab".into(),
                disk: "/dev/vda".into(),
                partitions: Partitions::default(),
                state,
                watchdog: None,
                started: Started::default(),
                trial: None,
                phases: Vec::new(),
            };
            let release = Release {
                version: "1".into(),
                build_time: 0,
                kubernetes: None,
            };
            let notes = find_out(&self.root, Some(&boot), Some(&release), watchdog);
            (told(&self.root).expect("it is told"), notes)
        }

        fn boot(&self) -> LastBoot {
            let (last, notes) = self.boot_with(StateOutcome::Clean, false);
            assert_eq!(notes, [""; 0]);
            last
        }

        fn end(&self) -> OrderlyEnd {
            let path = self.root.path(paths::BOOT_NOTE);
            let note: BootNote = init_api::load(&path).expect("this boot is noted");
            assert_eq!(note.end, None);
            let end = OrderlyEnd {
                down: Down::PowerOff,
                asked: Asked::by(Asker::PowerButton),
                at_ms: Millis(5),
            };
            let note = BootNote {
                end: Some(end.clone()),
                ..note
            };
            init_api::store(path, &note).expect("written");
            end
        }

        fn left_in_pstore(&self) -> usize {
            fs::read_dir(self.root.path(PSTORE))
                .expect("folder")
                .count()
        }
    }

    #[test]
    fn each_end_is_told_at_the_next_boot_only() {
        let machine = Machine::new();
        machine.panic(1, "Kernel panic - not syncing: of the system before");
        let first = machine.boot();
        assert_eq!((first.end, first.kept), (BootEnd::NotKnown, None));
        assert_eq!(first.found_by, "0a-1b");
        assert_eq!(machine.left_in_pstore(), 0, "its text is kept");

        let ended = machine.end();
        assert_eq!(machine.boot().end, BootEnd::InOrder(ended));
        let early = machine.boot();
        assert_eq!((early.end, early.was_ready), (BootEnd::Cut, Some(false)));
        super::note_ready(&machine.root).expect("noted");
        let late = machine.boot();
        assert_eq!((late.end, late.was_ready), (BootEnd::Cut, Some(true)));

        machine.panic(7, "<0>[  1.0] Kernel panic - not syncing: VFS");
        let last = machine.boot();
        assert_eq!(
            (&last.end, last.version.as_deref()),
            (&BootEnd::Panic, Some("1"))
        );
        assert_eq!(last.kernel, ["Kernel panic - not syncing: VFS"]);
        let kept = last.kept.expect("it is kept");
        assert_eq!(kept, machine.root.path(paths::KERNEL_CRASHES).join("2.txt"));
        assert_eq!(machine.left_in_pstore(), 0);
        assert_eq!(machine.boot().end, BootEnd::Cut);
        let (last, _) = machine.boot_with(StateOutcome::Repaired, true);
        assert_eq!(last.end, BootEnd::Watchdog);
    }

    #[test]
    fn a_pid_1_that_gave_up_says_why() {
        let machine = Machine::new();
        machine.boot();
        super::give_up(&machine.root, "no\nsockets").expect("written");
        let last = machine.boot();
        assert!(!last.is_in_order());
        let expected = "PID 1, which could not go on (no sockets)";
        assert!(last.line().ends_with(expected), "{}", last.line());
    }

    #[test]
    fn firmware_that_deletes_nothing_is_not_believed_twice() {
        let machine = Machine::new();
        machine.boot();
        machine.panic(3, "Kernel panic - not syncing: x");
        assert_eq!(machine.boot().end, BootEnd::Panic);
        machine.panic(3, "Kernel panic - not syncing: x");
        assert_eq!(machine.boot().end, BootEnd::Cut);
    }

    #[test]
    fn nothing_is_taken_from_the_firmware_without_a_place_for_it() {
        let machine = Machine::new();
        machine.boot();
        machine.panic(3, "Kernel panic - not syncing: x");
        let (last, _) = machine.boot_with(StateOutcome::Unusable, false);
        assert_eq!((last.end, last.kept), (BootEnd::Panic, None));
        assert_eq!(machine.left_in_pstore(), 1);
        fs::write(machine.root.path(paths::KERNEL_CRASHES), "no folder").expect("written");
        let (_, notes) = machine.boot_with(StateOutcome::Clean, false);
        assert!(notes[0].starts_with("what the kernel said"), "{notes:?}");
        assert_eq!(machine.left_in_pstore(), 1);
    }

    #[test]
    fn a_damaged_note_is_told_and_a_late_watchdog_is_heard() {
        let machine = Machine::new();
        fs::write(machine.root.path(paths::BOOT_NOTE), "{").expect("written");
        let (last, notes) = machine.boot_with(StateOutcome::Clean, false);
        assert_eq!(last.end, BootEnd::NotKnown);
        assert!(notes[0].starts_with("it is not known"), "{notes:?}");
        let mut last = machine.boot();
        watchdog_came(&machine.root, &mut last).expect("told");
        assert_eq!(told(&machine.root), Some(last.clone()));
        assert_eq!(last.end, BootEnd::Watchdog);
    }
}
