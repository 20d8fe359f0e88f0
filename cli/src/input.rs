//! Files that people name, and that are small if they are what they should be.

use anyhow::{Context, ensure};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Reads `path` if it has at most `most` bytes: what is larger, or has no end, is not `what`.
///
/// # Errors
/// It cannot be read, or is too large.
pub(crate) fn small(path: &Path, most: u64, what: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(
        bytes.len() as u64 <= most,
        "{} is no {what}: it has more than {} KiB",
        path.display(),
        most >> 10
    );
    Ok(bytes)
}
