//! How long certificates live.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;

const DAY: u64 = 24 * 60 * 60;
/// A leaf's life from the moment it is made.
const LEAF: Duration = Duration::from_secs(365 * DAY);
/// 2020-01-01T00:00:00Z: before any clock that Holdfast lets stand.
const BEGIN: u64 = 1_577_836_800;
/// 2120-01-01T00:00:00Z. Authorities outlive every machine: replacing one means touching every node, which nobody visits.
const AUTHORITY_END: u64 = 4_733_510_400;
/// The last second that a certificate can name (RFC 5280): 9999-12-31T23:59:59Z.
const LAST: u64 = 253_402_300_799;

/// The times of a leaf.
///
/// A leaf begins in 2020, so that it stays valid when the clock is set back. It ends a year after it was made, by the clock
/// of that moment; when the clock jumps past two thirds of that, the keeper makes a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    made: SystemTime,
}

impl Life {
    /// The life of a leaf made at `now`.
    pub fn from(now: SystemTime) -> Self {
        Self { made: now }
    }

    /// The life of a leaf that ends at `end`.
    pub fn until(end: SystemTime) -> Self {
        Self {
            made: end.checked_sub(LEAF).unwrap_or(UNIX_EPOCH),
        }
    }

    /// When it ends.
    pub fn end(self) -> SystemTime {
        (self.made + LEAF).min(UNIX_EPOCH + Duration::from_secs(LAST))
    }

    /// When it should be replaced: after two thirds of its year.
    pub fn renew(self) -> SystemTime {
        self.made + LEAF / 3 * 2
    }

    /// Whether the clock says that it should be replaced. A clock that was set back is no reason: the leaf began in 2020.
    pub fn is_over(self, now: SystemTime) -> bool {
        now >= self.renew()
    }
}

/// When every certificate begins.
pub(super) fn begin() -> OffsetDateTime {
    point(BEGIN)
}

/// When an authority made at `now` ends.
pub(super) fn authority_end(now: SystemTime) -> OffsetDateTime {
    let thirty_years = seconds(now).saturating_add(30 * 365 * DAY);
    point(thirty_years.clamp(AUTHORITY_END, LAST))
}

pub(super) fn instant(at: SystemTime) -> OffsetDateTime {
    point(seconds(at).min(LAST))
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

fn point(seconds: u64) -> OffsetDateTime {
    i64::try_from(seconds.min(LAST))
        .ok()
        .and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::{Life, authority_end, begin};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    fn at(year: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs((year - 1970) * 31_557_600)
    }

    #[test]
    fn a_leaf_is_replaced_when_the_clock_passes_two_thirds() {
        let life = Life::from(at(2026));
        for (case, now, over) in [
            ("the same moment", at(2026), false),
            ("set back by years", at(2021), false),
            (
                "half a year",
                at(2026) + Duration::from_secs(182 * 86400),
                false,
            ),
            (
                "eight months",
                at(2026) + Duration::from_secs(244 * 86400),
                true,
            ),
            ("the clock jumps", at(2099), true),
        ] {
            assert_eq!(life.is_over(now), over, "{case}");
        }
    }

    #[test]
    fn a_life_is_known_by_its_end() {
        for year in [2020, 2026, 2099] {
            let life = Life::from(at(year));
            assert_eq!(Life::until(life.end()), life, "{year}");
        }
        assert!(Life::until(UNIX_EPOCH).is_over(at(2026)));
    }

    #[test]
    fn authorities_outlive_a_wrong_clock() {
        assert_eq!(begin().year(), 2020);
        assert_eq!(authority_end(at(2026)).year(), 2120);
        assert_eq!(authority_end(at(1970)).year(), 2120);
        assert_eq!(authority_end(at(2099)).year(), 2128);
        assert_eq!(authority_end(at(9998)).year(), 9999);
    }
}
