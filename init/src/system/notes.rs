//! Things that are not right now and do not stop the node.

use crate::clock::{self, Standing};
use init_api::{BootRecord, Release, StateOutcome};
use rustix::fs::statvfs;
use std::path::Path;

/// Less of the state partition than one part in this many counts as nearly full.
const NEARLY_FULL: u64 = 20;

/// What is wrong with the clock.
pub(super) fn about_clock(wall: (u64, u32), release: Option<&Release>) -> Option<String> {
    let now = clock::rfc3339(wall);
    match clock::standing(wall.0, release?) {
        Standing::Plausible => None,
        Standing::FarAhead => Some(format!(
            "the clock says {now}, more than 20 years after the image was built; if that is wrong, certificates will be, too"
        )),
        // It was lifted to the build at the boot, so somebody has set it since.
        Standing::Behind => Some(format!(
            "the clock says {now}, which is before the image was built: a time server tells a wrong time, or somebody set it; \
             see `ntp_servers`"
        )),
    }
}

/// What is wrong with the room on the state partition mounted at `state`.
pub(super) fn about_state(state: &Path) -> Option<String> {
    let room = statvfs(state).ok()?;
    about_room(room.f_bavail, room.f_blocks, room.f_frsize)
}

/// What is wrong with so many free blocks out of all, of this size in bytes.
fn about_room(free: u64, all: u64, block: u64) -> Option<String> {
    (free < all / NEARLY_FULL).then(|| {
        let left = free.saturating_mul(block) / 1024 / 1024;
        format!("the state partition is nearly full: {left} MiB are left; `holdfast pods` and /var show what takes room")
    })
}

/// What was done to the file system of the state partition at this boot.
pub(super) fn about_repair(boot: Option<&BootRecord>) -> Option<String> {
    let note = match boot?.state {
        StateOutcome::Created | StateOutcome::Clean | StateOutcome::Unusable => return None,
        StateOutcome::Repaired => {
            "the state partition had errors, which were repaired at this boot; `holdfast logs e2fsck` says which. \
             If it happens again, the disk may be failing"
        }
        StateOutcome::RepairedAtRisk => {
            "the state partition was damaged and was repaired at this boot; files on it may be lost: \
             `holdfast logs e2fsck-repair` says which. The disk may be failing"
        }
        StateOutcome::Renewed => {
            "the state partition was damaged and was made new at this boot, as `state.when_damaged` says: all that was on it \
             is gone. The disk may be failing"
        }
    };
    Some(note.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{about_clock, about_repair, about_room};
    use init_api::{BootRecord, Partitions, Release, Slot, Started, StateOutcome};

    #[test]
    fn a_state_partition_is_nearly_full_below_a_twentieth() {
        for (case, free, expected) in [
            ("half", 500_000, None),
            ("a twentieth", 50_000, None),
            ("less", 49_999, Some("195 MiB are left")),
            ("nothing", 0, Some("0 MiB are left")),
        ] {
            let note = about_room(free, 1_000_000, 4096);
            match expected {
                None => assert_eq!(note, None, "{case}"),
                Some(left) => {
                    let note = note.expect(case);
                    assert!(
                        note.contains("nearly full") && note.contains(left),
                        "{note}"
                    );
                }
            }
        }
        assert_eq!(about_room(0, 0, 4096), None, "no size is known");
    }

    #[test]
    fn only_a_repair_is_told() {
        let boot = |state| BootRecord {
            slot: Slot::A,
            root_hash: String::new(),
            disk: "/dev/vda".into(),
            partitions: Partitions::default(),
            state,
            watchdog: None,
            started: Started::default(),
            trial: None,
            phases: Vec::new(),
        };
        for quiet in [
            StateOutcome::Created,
            StateOutcome::Clean,
            StateOutcome::Unusable,
        ] {
            assert_eq!(about_repair(Some(&boot(quiet))), None, "{quiet:?}");
        }
        let told = about_repair(Some(&boot(StateOutcome::Repaired))).expect("a repair");
        assert!(told.contains("had errors, which were repaired"), "{told}");
        let told = about_repair(Some(&boot(StateOutcome::RepairedAtRisk))).expect("a repair");
        assert!(told.contains("files on it may be lost"), "{told}");
        let told = about_repair(Some(&boot(StateOutcome::Renewed))).expect("a renewal");
        assert!(told.contains("all that was on it is gone"), "{told}");
        assert_eq!(about_repair(None), None);
    }

    #[test]
    fn only_a_clock_that_cannot_be_right_is_doubted() {
        let release = Release {
            version: "1".into(),
            build_time: 1_800_000_000,
            kubernetes: None,
        };
        assert_eq!(about_clock((1_800_000_000, 0), Some(&release)), None);
        let note = about_clock((0, 0), Some(&release)).expect("1970");
        assert!(
            note.starts_with("the clock says 1970-01-01T00:00:00.000Z, which is before"),
            "{note}"
        );
        assert_eq!(about_clock((4_070_908_800, 0), None), None);
        let note = about_clock((4_070_908_800, 0), Some(&release)).expect("2099");
        assert!(
            note.starts_with("the clock says 2099-01-01T00:00:00.000Z, more than 20 years"),
            "{note}"
        );
    }
}
