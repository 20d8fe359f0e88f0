//! A state partition whose file system the kernel has closed.
//!
//! An error in it makes the kernel read it only from then on (`errors=remount-ro`): the node's database takes no writes, nothing
//! that is started afresh comes up, and nothing of that ends by itself. The file system says so in its superblock, so the check at
//! the next boot looks at all of it and mends what can be mended. So the machine restarts, in order, but not soon after its
//! start: a disk that fails at each boot must leave people time to read and to log in.

use super::mount_line::MountLine;
use init_api::{Millis, Root};
use std::fs;
use std::path::Path;

/// Where it is mounted.
const MOUNT: &str = "/state";
/// How often it is looked at.
const EVERY: Millis = Millis::seconds(15);
/// The earliest restart, since the kernel's start.
const EARLIEST: Millis = Millis::seconds(600);
/// What was under way may end, and a person may read why.
const NOTICE: Millis = Millis::seconds(60);

/// What the kernel says about it.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// The text of `/proc/self/mountinfo`.
    mounts: String,
    /// Errors that were found in the file system since the last check of all of it; none where the kernel does not count.
    errors: Option<u64>,
}

impl Look {
    /// As things stand below `root`.
    pub(super) fn at(root: &Root) -> Self {
        let read = |path: &str| fs::read_to_string(root.path(path)).unwrap_or_default();
        let mounts = read("/proc/self/mountinfo");
        let errors = mounted(&mounts).and_then(|line| {
            let device = Path::new(line.source).file_name()?.to_string_lossy();
            let count = read(&format!("/sys/fs/ext4/{device}/errors_count"));
            count.trim().parse().ok()
        });
        Self { mounts, errors }
    }
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClosedState {
    /// It took writes at that time.
    Open {
        /// Since the kernel's start.
        looked: Millis,
        /// Errors that were counted before this boot.
        errors: Option<u64>,
    },
    /// It takes none: the machine restarts at that time.
    Closed {
        /// Since the kernel's start.
        restart: Millis,
    },
}

impl ClosedState {
    /// As it is found when PID 1 begins.
    pub(super) fn new(look: &Look) -> Self {
        Self::Open {
            looked: Millis(0),
            errors: look.errors,
        }
    }

    /// The next state; `look` is asked when it is time to look.
    pub(super) fn next(self, now: Millis, look: impl FnOnce() -> Look) -> Self {
        let Self::Open { looked, errors } = self else {
            return self;
        };
        if now.since(looked) < EVERY {
            return self;
        }
        let look = look();
        if is_closed(&look.mounts) || look.errors > errors.or(Some(0)) {
            return Self::Closed {
                restart: now.plus(NOTICE).max(EARLIEST),
            };
        }
        Self::Open {
            looked: now,
            errors,
        }
    }

    /// Whether the machine is to restart now.
    pub(super) fn is_due(self, now: Millis) -> bool {
        self.deadline().is_some_and(|restart| now >= restart)
    }

    /// When time alone changes something.
    pub(super) fn deadline(self) -> Option<Millis> {
        match self {
            Self::Open { .. } => None,
            Self::Closed { restart } => Some(restart),
        }
    }

    /// What a person should know.
    pub(super) fn note(self, now: Millis) -> Option<String> {
        let minutes = (self.deadline()?.since(now).as_seconds() / 60.0).ceil();
        Some(format!(
            "{WHY}: the machine restarts in {minutes} min, and the check at its start mends what can be mended. The disk may be failing"
        ))
    }
}

/// Why the machine restarts.
pub(super) const WHY: &str = "the file system of the state partition has an error, and the kernel takes no more writes to it";

/// Whether the mount says that it takes no writes. Kernels from 6.12 to 6.14 say it nowhere but in the count of errors; newer ones
/// call it `emergency_ro`.
fn is_closed(mountinfo: &str) -> bool {
    let closed = |option| option == "ro" || option == "emergency_ro";
    mounted(mountinfo).is_some_and(|line| line.options.split(',').any(closed))
}

/// What is mounted there from a disk; none while memory stands in for it.
fn mounted(mountinfo: &str) -> Option<MountLine<'_>> {
    MountLine::all(mountinfo).find(|line| line.target == Path::new(MOUNT) && line.is_on_disk())
}

#[cfg(test)]
mod tests {
    use super::{ClosedState, Look, is_closed};
    use init_api::{Millis, Root};

    const OPEN: &str =
        "30 1 254:5 / /state rw,noatime shared:3 - ext4 /dev/vda5 rw,errors=remount-ro\n";
    const CLOSED: &str = "20 1 254:3 / / ro shared:1 - erofs /dev/dm-0 ro\n\
        30 1 254:5 / /state rw,noatime shared:3 - ext4 /dev/vda5 ro,errors=remount-ro\n";

    #[test]
    fn what_the_kernel_says() {
        for (case, mounts, expected) in [
            ("nothing", "", false),
            ("open", OPEN, false),
            ("closed", CLOSED, true),
            (
                "closed, as newer kernels say it",
                "30 1 254:5 / /state rw - ext4 /dev/vda5 rw,emergency_ro,errors=remount-ro\n",
                true,
            ),
            (
                "memory stands in for it",
                "30 1 0:40 / /state rw - tmpfs tmpfs ro\n",
                false,
            ),
            (
                "a stick",
                "31 1 8:1 / /run/stick ro - vfat /dev/sda1 ro\n",
                false,
            ),
        ] {
            assert_eq!(is_closed(mounts), expected, "{case}");
        }
    }

    #[test]
    fn the_machine_restarts_after_notice_and_never_early() {
        let at = Millis::seconds;
        let look = |mounts: &str, errors| Look {
            mounts: mounts.to_owned(),
            errors,
        };
        let closed = [
            look(CLOSED, None),
            look(CLOSED, Some(2)),
            look(OPEN, Some(3)),
        ];
        for (found, closed) in [20, 541, 86_400].into_iter().zip(closed) {
            let open = look(OPEN, closed.errors.map(|_| 2));
            let mut state = ClosedState::new(&open).next(at(found - 5), || open.clone());
            state = state.next(at(found), || panic!("it was looked at just now"));
            state = state.next(at(found + 10), || closed.clone());
            let restart = at(600).max(at(found + 10 + 60));
            assert_eq!(state, ClosedState::Closed { restart }, "{closed:?}");
            // It stays so, whatever the mounts say: ours are made read-only at the end, too.
            let later = state.next(restart, || panic!("nobody looks any more"));
            assert!(later.is_due(restart), "{found}");
            assert!(!later.is_due(Millis(restart.0 - 1)), "{found}");
            let note = later.note(at(found + 10));
            assert!(note.is_some_and(|note| note.contains(" min")));
        }
    }

    #[test]
    fn errors_of_before_this_boot_close_nothing() {
        for (before, now, expected) in [
            (None, None, true),
            (Some(0), Some(0), true),
            (Some(2), Some(2), true),
            (Some(2), Some(3), false),
            (None, Some(1), false),
        ] {
            let look = |errors| Look {
                mounts: OPEN.to_owned(),
                errors,
            };
            let state = ClosedState::new(&look(before)).next(Millis::seconds(60), || look(now));
            let is_open = matches!(state, ClosedState::Open { .. });
            assert_eq!(is_open, expected, "{before:?} {now:?}");
        }
    }

    #[test]
    fn the_count_is_that_of_the_device() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        for (path, text) in [
            ("/proc/self/mountinfo", OPEN),
            ("/sys/fs/ext4/vda5/errors_count", "4\n"),
        ] {
            let path = root.path(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        assert_eq!(Look::at(&root).errors, Some(4));
    }
}
