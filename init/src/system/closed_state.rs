//! A state partition whose file system the kernel has closed.
//!
//! An error in it makes the kernel read it only from then on (`errors=remount-ro`): the node's database takes no writes, nothing
//! that is started afresh comes up, and nothing of that ends by itself. The file system says so in its superblock, so the check at
//! the next boot looks at all of it and mends what can be mended. So the machine restarts, in order, but not soon after its
//! start: a disk that fails at each boot must leave people time to read and to log in.

use init_api::Millis;

/// Where it is mounted.
const MOUNT: &str = "/state";
/// How often it is looked at.
const EVERY: Millis = Millis::seconds(15);
/// The earliest restart, since the kernel's start.
const EARLIEST: Millis = Millis::seconds(600);
/// What was under way may end, and a person may read why.
const NOTICE: Millis = Millis::seconds(60);

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClosedState {
    /// It took writes at that time.
    Open {
        /// Since the kernel's start.
        looked: Millis,
    },
    /// It takes none: the machine restarts at that time.
    Closed {
        /// Since the kernel's start.
        restart: Millis,
    },
}

impl Default for ClosedState {
    fn default() -> Self {
        Self::Open { looked: Millis(0) }
    }
}

impl ClosedState {
    /// The next state. `mounts` gives the text of `/proc/self/mountinfo`, and is asked when it is time to look.
    pub(super) fn next(self, now: Millis, mounts: impl FnOnce() -> String) -> Self {
        match self {
            Self::Open { looked } if now.since(looked) < EVERY => self,
            Self::Open { .. } if is_closed(&mounts()) => Self::Closed {
                restart: now.plus(NOTICE).max(EARLIEST),
            },
            Self::Open { .. } => Self::Open { looked: now },
            Self::Closed { .. } => self,
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

/// Whether it lies on a disk and takes no writes. Since 6.13 the kernel calls that `emergency_ro`.
fn is_closed(mountinfo: &str) -> bool {
    mountinfo.lines().any(|line| {
        let Some((front, back)) = line.split_once(" - ") else {
            return false;
        };
        let mut back = back.split(' ').skip(1);
        let on_disk = back
            .next()
            .is_some_and(|source| source.starts_with("/dev/"));
        let options = back.next().unwrap_or_default();
        let closed = |option| option == "ro" || option == "emergency_ro";
        front.split(' ').nth(4) == Some(MOUNT) && on_disk && options.split(',').any(closed)
    })
}

#[cfg(test)]
mod tests {
    use super::{ClosedState, is_closed};
    use init_api::Millis;

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
        for (found, restart) in [(20, 600), (541, 601), (86_400, 86_460)] {
            let mut state = ClosedState::default().next(at(found - 5), || OPEN.to_owned());
            state = state.next(at(found), || panic!("it was looked at just now"));
            state = state.next(at(found + 10), || CLOSED.to_owned());
            let restart = at(restart).max(at(found + 10 + 60));
            assert_eq!(state, ClosedState::Closed { restart });
            // It stays so, whatever the mounts say: ours are made read-only at the end, too.
            let later = state.next(restart, || panic!("nobody looks any more"));
            assert!(later.is_due(restart), "{found}");
            assert!(!later.is_due(Millis(restart.0 - 1)), "{found}");
            assert!(
                later
                    .note(at(found + 10))
                    .is_some_and(|note| note.contains(" min"))
            );
        }
    }
}
