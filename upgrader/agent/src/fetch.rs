//! Bringing the root image of a release into the spare slot: only what the slot lacks is fetched.

use crate::download::is_no_ranges;
use crate::idle::idle;
use crate::slot::SpareSlot;
use anyhow::{Context, bail};
use futures_util::TryStreamExt;
use release::{BLOCK_SIZE, BlockIndex, Repository};
use std::ops::Range;

/// A root image in a repository, and the slot that it goes to.
pub(crate) struct Fetch<'a> {
    pub(crate) repository: &'a Repository,
    /// Its name there.
    pub(crate) target: &'a str,
    pub(crate) index: &'a BlockIndex,
    pub(crate) slot: &'a SpareSlot,
}

impl Fetch<'_> {
    /// Fetches and writes the blocks in `missing`; `tell` hears the bytes that are done and those that there are. Gives the
    /// bytes that were written.
    ///
    /// # Errors
    /// The source breaks off for good, or gives what was not signed; what was written before stays.
    pub(crate) async fn run(
        &self,
        missing: &[Range<usize>],
        tell: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> anyhow::Result<u64> {
        let total = missing.iter().map(|range| self.bytes(range)).sum();
        let mut written = 0;
        for (at, blocks) in missing.iter().enumerate() {
            let part = std::slice::from_ref(blocks);
            match self
                .part(blocks.clone(), part, &mut written, total, tell)
                .await
            {
                Ok(()) => {}
                // The server gives whole files only: what is there already comes once more and is passed over.
                Err(error) if is_no_ranges(&error) => {
                    let whole = 0..missing.last().map_or(0, |last| last.end);
                    self.part(whole, &missing[at..], &mut written, total, tell)
                        .await?;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Streams these blocks, and writes those that are in `wanted`.
    async fn part(
        &self,
        blocks: Range<usize>,
        wanted: &[Range<usize>],
        written: &mut u64,
        total: u64,
        tell: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> anyhow::Result<()> {
        let start = self
            .index
            .range(blocks.start)
            .map_or(0, |range| range.start);
        let bytes = start..start + self.bytes(&blocks);
        let mut pieces = self.repository.stream(self.target, bytes).await?;
        let mut block = Vec::with_capacity(BLOCK_SIZE as usize);
        let mut number = blocks.start;
        while let Some(piece) = pieces.try_next().await? {
            let mut piece = &piece[..];
            while !piece.is_empty() {
                let range = self
                    .index
                    .range(number)
                    .context("the source gave too much")?;
                let lacking = (range.end - range.start) as usize - block.len();
                let (now, rest) = piece.split_at(lacking.min(piece.len()));
                block.extend_from_slice(now);
                piece = rest;
                if now.len() < lacking {
                    continue;
                }
                if wanted.iter().any(|wanted| wanted.contains(&number)) {
                    let pause = self.slot.write(self.index, number, &block)?;
                    idle(pause).await;
                    *written += block.len() as u64;
                    tell(*written, total);
                }
                block.clear();
                number += 1;
            }
        }
        if number != blocks.end {
            bail!(
                "the source ended before block {} of the root image",
                blocks.end
            );
        }
        Ok(())
    }

    /// How many bytes these blocks are.
    fn bytes(&self, blocks: &Range<usize>) -> u64 {
        let start = self
            .index
            .range(blocks.start)
            .map_or(0, |range| range.start);
        let last = blocks.end.saturating_sub(1);
        self.index.range(last).map_or(start, |range| range.end) - start
    }
}
