//! Things that are not right now and do not stop the node.

use crate::clock::{self, Standing};
use init_api::Release;
use rustix::fs::statvfs;
use std::path::Path;

/// Less of the state partition than one part in this many counts as nearly full.
const NEARLY_FULL: u64 = 20;

/// What is wrong with the clock.
pub(super) fn about_clock(wall: (u64, u32), release: Option<&Release>) -> Option<String> {
    let standing = clock::standing(wall.0, release?);
    (standing == Standing::FarAhead).then(|| {
        format!(
            "the clock says {}, more than 20 years after the image was built; if that is wrong, certificates will be, too",
            clock::rfc3339(wall)
        )
    })
}

/// What is wrong with the room on the state partition mounted at `state`.
pub(super) fn about_state(state: &Path) -> Option<String> {
    let room = statvfs(state).ok()?;
    let (free, all) = (room.f_bavail, room.f_blocks);
    (free < all / NEARLY_FULL).then(|| {
        let left = free.saturating_mul(room.f_frsize) / 1024 / 1024;
        format!("the state partition is nearly full: {left} MiB are left; `holdfast pods` and /var show what takes room")
    })
}

#[cfg(test)]
mod tests {
    use super::about_clock;
    use init_api::Release;

    #[test]
    fn only_a_clock_far_ahead_is_doubted() {
        let release = Release {
            version: "1".into(),
            build_time: 1_800_000_000,
        };
        assert_eq!(about_clock((1_800_000_000, 0), Some(&release)), None);
        assert_eq!(about_clock((4_070_908_800, 0), None), None);
        let note = about_clock((4_070_908_800, 0), Some(&release)).expect("2099");
        assert!(
            note.starts_with("the clock says 2099-01-01T00:00:00.000Z, more than 20 years"),
            "{note}"
        );
    }
}
