//! How the kernel's device mapper is asked to open an image.

use std::fmt::Write;

use super::format::BLOCK;
use super::{RootHash, Superblock};

impl Superblock {
    /// The device mapper's parameters for a root on `device` (data and hashes on the same one). Corruption and read
    /// errors end in a panic, so that a bad slot becomes a failed boot instead of wrong bytes.
    pub fn mapper_parameters(&self, device: &str, hash: RootHash) -> String {
        let mut salt = String::new();
        for byte in &self.params.salt {
            // Writing to a String cannot fail.
            let _ = write!(salt, "{byte:02x}");
        }
        if salt.is_empty() {
            salt.push('-');
        }
        let blocks = self.data_blocks;
        let tree = blocks + 1;
        format!(
            "1 {device} {device} {BLOCK} {BLOCK} {blocks} {tree} sha256 {hash} {salt} 2 panic_on_corruption panic_on_error"
        )
    }
}
