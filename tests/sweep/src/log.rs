//! What was written to the disk, in order, as the kernel's `dm-log-writes` target recorded it
//! (Documentation/admin-guide/device-mapper/log-writes.rst).

use anyhow::{Context, bail, ensure};
use std::path::Path;

/// What a device writes whole or not at all, in bytes.
pub const SECTOR: usize = 512;
/// The superblock's first word, the letters `jsfwshr`.
const MAGIC: u64 = 0x006a_7366_7773_6872;
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;
const MARK: u64 = 8;

/// One thing that happened to the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Sectors came. `lasting`: the device was told to keep them whatever comes (FUA).
    Write {
        /// The first sector.
        at: u64,
        /// Whole sectors.
        data: Vec<u8>,
        /// Whether it needs no flush.
        lasting: bool,
    },
    /// What had come by now was made to last.
    Flush,
    /// The guest says what goes on.
    Mark(String),
}

/// Reads a record.
///
/// # Errors
/// It is none, or cut off.
pub fn read(path: &Path) -> anyhow::Result<Vec<Event>> {
    let log = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&log).with_context(|| format!("{} is no record of writes", path.display()))
}

fn parse(log: &[u8]) -> anyhow::Result<Vec<Event>> {
    ensure!(word(log, 0)? == MAGIC, "it begins with another word");
    ensure!(word(log, 8)? == 1, "its version is not 1");
    let size = (word(log, 24)? & 0xffff_ffff) as usize;
    ensure!(size == SECTOR, "its sectors have {size} bytes");
    let mut at = SECTOR;
    let mut events = Vec::new();
    for _ in 0..word(log, 16)? {
        let (to, sectors) = (word(log, at)?, word(log, at + 8)?);
        let (flags, length) = (word(log, at + 16)?, word(log, at + 24)? as usize);
        let data = at + SECTOR;
        if flags & MARK != 0 {
            let text = log.get(at + 32..at + 32 + length).context("cut off")?;
            // It was written as one word.
            events.push(Event::Mark(String::from_utf8_lossy(text).replace('_', " ")));
            at = data;
            continue;
        }
        if flags & DISCARD != 0 {
            bail!("sectors were discarded, which nothing here does");
        }
        if flags & FLUSH != 0 {
            events.push(Event::Flush);
        }
        let end = data + sectors as usize * SECTOR;
        if sectors > 0 {
            events.push(Event::Write {
                at: to,
                data: log.get(data..end).context("cut off")?.to_vec(),
                lasting: flags & FUA != 0,
            });
        }
        at = end;
    }
    Ok(events)
}

fn word(log: &[u8], at: usize) -> anyhow::Result<u64> {
    let bytes = log.get(at..at + 8).context("cut off")?;
    Ok(u64::from_le_bytes(bytes.try_into()?))
}
