//! Random numbers that can be drawn again.

use std::time::{SystemTime, UNIX_EPOCH};

/// The environment variable that repeats an earlier draw.
const SEED: &str = "HOLDFAST_SEED";

/// Draws numbers (splitmix64); the same seed draws the same ones.
#[derive(Debug, Clone)]
pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// With the seed in `HOLDFAST_SEED`, else one from the clock.
    #[must_use]
    pub fn from_environment() -> Self {
        let given = std::env::var(SEED).ok().and_then(|text| text.parse().ok());
        let clock = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self::with(given.unwrap_or_else(|| u64::from(clock.subsec_nanos()) ^ clock.as_secs()))
    }

    /// With this seed.
    #[must_use]
    pub fn with(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    /// The seed, to be printed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A number below `most`, which is at least one.
    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_numbers_inside_the_range() {
        let draw = |seed| {
            let mut random = Random::with(seed);
            (0..50).map(|_| random.below(100)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let drawn = draw(9);
        assert!(drawn.iter().all(|number| *number < 100));
        assert!(drawn.iter().any(|number| *number > 50) && drawn.iter().any(|number| *number < 50));
    }
}
