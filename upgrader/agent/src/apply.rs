//! Applying a delta: what comes out of it goes into the spare slot, block by block, if it is what was signed.

use crate::origin::Seed;
use crate::slot::SpareSlot;
use anyhow::{Context, bail};
use release::{BLOCK_SIZE, BlockIndex, Delta, DeltaHeader};
use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::path::Path;

/// Writes the blocks in `missing` that come out of the delta at `path`; `tell` hears how many bytes came out. Constant memory.
///
/// # Errors
/// The delta is not of these two images, or damaged, or the slot takes no writes. What was written before are blocks of the release.
pub(crate) fn apply(
    (path, seed): (&Path, &Seed),
    wanted: &DeltaHeader,
    (slot, index): (&SpareSlot, &BlockIndex),
    missing: &[Range<usize>],
    tell: &dyn Fn(u64, u64),
) -> anyhow::Result<()> {
    let open =
        |path: &Path| File::open(path).with_context(|| format!("cannot read {}", path.display()));
    let mut made = Delta::open(BufReader::new(open(path)?), open(&seed.path)?, wanted)?;
    let mut block = Vec::with_capacity(BLOCK_SIZE as usize);
    for number in 0..index.digests().len() {
        let range = index.range(number).context("the index ends early")?;
        block.resize((range.end - range.start) as usize, 0);
        made.read_exact(&mut block)
            .with_context(|| format!("nothing more comes out of it after block {number}"))?;
        tell(range.end, index.length());
        if !missing.iter().any(|missing| missing.contains(&number)) {
            continue;
        }
        if !index.is_block(number, &block) {
            bail!("block {number} that comes out of it is not what was signed");
        }
        std::thread::sleep(slot.write(index, number, &block)?);
    }
    Ok(())
}
