//! Deterministic mutations: the same seed gives the same inputs on every machine.

/// Inputs do not grow beyond this.
const LONGEST: usize = 1 << 16;
/// Numbers at the edges of types and formats.
const EDGES: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    i64::MAX as u64,
    u64::MAX,
];

/// A source of mutated inputs.
#[derive(Debug)]
pub(crate) struct Mutator {
    state: u64,
    words: &'static [&'static str],
}

impl Mutator {
    pub(crate) fn new(name: &str, words: &'static [&'static str]) -> Self {
        // FNV-1a: every target gets a sequence of its own.
        let state = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self { state, words }
    }

    /// The next number below `limit`; 0 if there is none. SplitMix64.
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % (limit as u64).max(1)).unwrap_or(0)
    }

    /// A descendant of one of `pool`.
    pub(crate) fn next(&mut self, pool: &[Vec<u8>]) -> Vec<u8> {
        let mut out = pool
            .get(self.below(pool.len()))
            .cloned()
            .unwrap_or_default();
        for _ in 0..=self.below(5) {
            self.step(&mut out, pool);
        }
        out.truncate(LONGEST);
        out
    }

    fn step(&mut self, out: &mut Vec<u8>, pool: &[Vec<u8>]) {
        let at = self.below(out.len() + 1);
        let end = at + self.below((out.len() - at).min(64) + 1);
        match self.below(9) {
            0 => flip(out, at, self.below(8)),
            1 => self.overwrite_number(out, at),
            2 => drop(out.drain(at..end)),
            3 => {
                let copy = out[at..end].to_vec();
                let to = self.below(out.len() + 1);
                out.splice(to..to, copy);
            }
            4 | 5 => {
                let word = self
                    .words
                    .get(self.below(self.words.len()))
                    .copied()
                    .unwrap_or("\0");
                let replaced = if self.below(2) == 0 { at..at } else { at..end };
                out.splice(replaced, word.bytes());
            }
            6 => {
                let byte = self.below(256) as u8;
                out.splice(at..at, vec![byte; 1 + self.below(40)]);
            }
            7 => out.truncate(at),
            _ => {
                let other = pool
                    .get(self.below(pool.len()))
                    .map_or(&[][..], Vec::as_slice);
                let from = self.below(other.len() + 1);
                out.splice(at.., other[from..].iter().copied());
            }
        }
    }

    fn overwrite_number(&mut self, out: &mut [u8], at: usize) {
        let value = match self.below(3) {
            0 => self.below(usize::MAX) as u64,
            1 => self.below(256) as u64,
            _ => EDGES[self.below(EDGES.len())],
        };
        let width = 1 << self.below(4);
        for (byte, new) in out[at..].iter_mut().zip(value.to_le_bytes()).take(width) {
            *byte = new;
        }
    }
}

fn flip(out: &mut [u8], at: usize, bit: usize) {
    if let Some(byte) = out.get_mut(at) {
        *byte ^= 1 << bit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_every_time_and_not_always_the_same() {
        let pool = vec![b"version: 1\n".to_vec(), vec![0; 100]];
        let run = || {
            let mut mutator = Mutator::new("x", &["word"]);
            (0..1000).map(|_| mutator.next(&pool)).collect::<Vec<_>>()
        };
        let inputs = run();
        assert_eq!(inputs, run());
        let different: std::collections::BTreeSet<_> = inputs.iter().collect();
        assert!(different.len() > 800, "{}", different.len());
        assert!(
            inputs
                .iter()
                .any(|input| input.windows(4).any(|part| part == b"word"))
        );
    }

    #[test]
    fn an_empty_pool_is_no_obstacle() {
        let mut mutator = Mutator::new("x", &[]);
        assert!((0..1000).any(|_| !mutator.next(&[]).is_empty()));
    }
}
