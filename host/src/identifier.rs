//! Bytes that nobody else has.

use rustix::rand::{GetRandomFlags, getrandom};

/// 16 random bytes from the kernel, for an identifier that has to be unlike all others.
pub fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        // Fails only when interrupted before the kernel's generator is seeded; then it is asked again.
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty()).unwrap_or(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::random;

    #[test]
    fn no_two_are_alike() {
        assert_ne!(random(), random());
    }
}
