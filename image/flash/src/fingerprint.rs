//! What a piece is told by, without keeping it.

use sha2::{Digest, Sha256};

/// Enough for the comparison of memory, which is one call, to be as fast as it gets.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// A piece's content. Most of an image is empty: that is found faster than it is digested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fingerprint {
    Zeros,
    Digest([u8; 32]),
}

impl Fingerprint {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        if is_zero(bytes) {
            return Self::Zeros;
        }
        Self::Digest(Sha256::digest(bytes).into())
    }
}

pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(ZEROS.len())
        .all(|part| *part == ZEROS[..part.len()])
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn every_byte_counts() {
        let zeros = vec![0; 200_000];
        assert_eq!(Fingerprint::of(&zeros), Fingerprint::Zeros);
        for at in [0, 65_535, 65_536, 199_999] {
            let mut other = zeros.clone();
            other[at] = 1;
            let one = Fingerprint::of(&other);
            assert_ne!(one, Fingerprint::Zeros, "{at}");
            other[at] = 2;
            assert_ne!(one, Fingerprint::of(&other), "{at}");
        }
    }
}
