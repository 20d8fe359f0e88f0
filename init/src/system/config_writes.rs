//! Notices that somebody wrote to the CONFIG partition, without mounting it: the kernel counts.

use init_api::Millis;
use std::fs;
use std::path::Path;

/// The time between two checks.
const PAUSE: Millis = Millis::seconds(3);

/// Watches a count of written sectors come to rest at a new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ConfigWrites {
    last: Option<u64>,
    changed: bool,
    checked: Millis,
}

impl ConfigWrites {
    /// Takes in the count as it is now; true when it had changed and has not changed since the last check.
    pub(super) fn has_changed(&mut self, now: Millis, count: impl FnOnce() -> Option<u64>) -> bool {
        if now.since(self.checked) < PAUSE {
            return false;
        }
        self.checked = now;
        let count = count();
        if count == self.last {
            return std::mem::take(&mut self.changed);
        }
        self.changed = self.last.is_some() && count.is_some();
        self.last = count;
        false
    }
}

/// Sectors written to a partition since the kernel's start, by its device node; none if it is gone.
pub(super) fn sectors(sys: &Path, node: &Path) -> Option<u64> {
    let name = node.file_name()?;
    let stat = fs::read_to_string(sys.join("class/block").join(name).join("stat")).ok()?;
    written_sectors(&stat)
}

/// The seventh number of a block device's `stat`.
fn written_sectors(stat: &str) -> Option<u64> {
    stat.split_whitespace().nth(6)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{ConfigWrites, written_sectors};
    use init_api::Millis;

    #[test]
    fn a_change_counts_once_it_has_come_to_rest() {
        let mut watch = ConfigWrites::default();
        let counts = [
            Some(5),
            Some(5),
            Some(9),
            Some(12),
            Some(12),
            Some(12),
            None,
            None,
            Some(12),
            Some(12),
        ];
        let seen: Vec<_> = (1..)
            .zip(counts)
            .map(|(turn, count)| watch.has_changed(Millis::seconds(turn * 3), || count))
            .collect();
        assert!(!watch.has_changed(Millis::seconds(31), || panic!("too early to count")));
        assert_eq!(
            seen,
            [
                false, false, false, false, true, false, false, false, false, false
            ]
        );
    }

    #[test]
    fn the_count_is_the_seventh_number() {
        assert_eq!(
            written_sectors(
                "     100        0     800       12        3        0       24       40        0       52       52\n"
            ),
            Some(24)
        );
        assert_eq!(written_sectors(""), None);
    }
}
