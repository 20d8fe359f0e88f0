//! SHA-256 of files and of everything that goes into a step.

use crate::error::{Error, Result};
use sha2::{Digest as _, Sha256};
use std::path::Path;

pub(crate) use host::digest::of_bytes;

/// Lower-case hexadecimal SHA-256.
pub(crate) type Hex = String;

/// Digest of a file's content.
pub(crate) fn of_file(path: &Path) -> Result<Hex> {
    host::digest::of_file(path).map_err(Error::read(path))
}

/// Digest over named inputs; the order in which they are added counts.
#[derive(Default)]
pub(crate) struct Key(Sha256);

impl Key {
    /// A key for a step; the name and `revision` (raised when the step's code changes what it makes) come first.
    pub(crate) fn new(step: &str, revision: u32) -> Self {
        Self::default()
            .with("step", step)
            .with("revision", revision.to_string())
    }

    /// Adds an input.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        for part in [name.as_bytes(), value.as_ref()] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
        self
    }

    /// Adds a file's content.
    pub(crate) fn with_file(self, name: &str, path: &Path) -> Result<Self> {
        Ok(self.with(name, of_file(path)?))
    }

    /// The key.
    pub(crate) fn finish(self) -> Hex {
        host::digest::hex(&self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digest() {
        assert_eq!(
            of_bytes(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn keys_differ_by_every_input() {
        let base = || Key::new("root", 1).with("a", "bc");
        let cases = [
            ("other step", Key::new("uki", 1).with("a", "bc")),
            ("other revision", Key::new("root", 2).with("a", "bc")),
            ("shifted border", Key::new("root", 1).with("ab", "c")),
            ("one more", base().with("d", "")),
        ];
        let reference = base().finish();
        assert_eq!(reference, base().finish());
        for (name, key) in cases {
            assert_ne!(reference, key.finish(), "{name}");
        }
    }
}
