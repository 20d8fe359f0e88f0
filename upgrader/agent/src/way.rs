//! Which way a root image comes into the spare slot: the one with the fewest bytes to fetch. Pure.

use upgrade_api::Way;

/// A delta that could be used, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeltaBytes {
    /// All of it.
    pub(crate) size: u64,
    /// So much was fetched before.
    pub(crate) have: u64,
}

/// The shortest way, when blocks of `missing` bytes are not in the slot yet. With as many bytes, it is the image, which needs no
/// room on the state partition. Where the image is not to be had, it is the delta, unless nothing is missing.
pub(crate) fn shortest(missing: u64, has_image: bool, delta: Option<DeltaBytes>) -> Way {
    match delta {
        Some(_) if !has_image && missing > 0 => Way::Delta,
        Some(delta) if delta.size.saturating_sub(delta.have) < missing => Way::Delta,
        _ => Way::Image,
    }
}

#[cfg(test)]
mod tests {
    use super::{DeltaBytes, shortest};
    use upgrade_api::Way;

    #[test]
    fn the_fewest_bytes_win() {
        let delta = |size, have| Some(DeltaBytes { size, have });
        for (name, missing, delta, expected) in [
            ("there is none", 200, None, Way::Image),
            ("it is smaller", 200, delta(12, 0), Way::Delta),
            ("it is as large", 12, delta(12, 0), Way::Image),
            ("most of the image is there", 5, delta(12, 0), Way::Image),
            ("and most of the delta", 5, delta(12, 10), Way::Delta),
            ("all of the delta is there", 5, delta(12, 12), Way::Delta),
            ("all of the image is there", 0, delta(12, 12), Way::Image),
            ("more is there than can be", 1, delta(12, 13), Way::Delta),
        ] {
            assert_eq!(shortest(missing, true, delta), expected, "{name}");
        }
        for (missing, expected) in [(5, Way::Delta), (0, Way::Image)] {
            let without_image = shortest(missing, false, delta(12, 0));
            assert_eq!(without_image, expected, "{missing} bytes are missing");
        }
    }
}
