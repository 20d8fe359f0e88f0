//! A program on the mounted boot partition.

use crate::log::SECTOR;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The first sector of a program.
pub(super) fn head(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?
        .take(SECTOR as u64)
        .read_to_end(&mut head)?;
    Ok(head)
}
