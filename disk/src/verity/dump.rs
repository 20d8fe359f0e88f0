//! A superblock as text, for people and for golden tests.

use std::fmt;

use super::Superblock;

impl fmt::Display for Superblock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "verity version 1 sha256 blocks 4096 uuid {} data {} blocks tree {} bytes salt ",
            self.params.uuid,
            self.data_blocks,
            self.tree_size()
        )?;
        self.params
            .salt
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        writeln!(f)
    }
}
