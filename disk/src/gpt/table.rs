//! What a partition table says, free of its encoding.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ALIGNMENT;
use super::format::ENTRY_SIZE;
use crate::Sector;

/// One used entry of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Number of the entry, from 1, as the kernel counts (`sda1`).
    pub number: u32,
    /// Name, at most 36 UTF-16 units.
    pub name: String,
    /// What the partition is for.
    pub type_guid: Uuid,
    /// Identity of this very partition.
    pub guid: Uuid,
    /// First sector.
    pub first_lba: u64,
    /// Last sector, inclusive.
    pub last_lba: u64,
    /// Attribute bits as stored.
    pub attributes: u64,
}

/// Where a partition lies, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// From the disk's start.
    pub offset: u64,
    /// Its length.
    pub size: u64,
}

/// A whole table: its disk and its used entries in order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The sectors that it counts in.
    pub sector: Sector,
    /// Identity of the disk.
    pub disk_guid: Uuid,
    /// Length in sectors of the disk that it was made for; the backup header is the last of them.
    pub sectors: u64,
    /// First sector that a partition may use.
    pub first_usable: u64,
    /// How many partitions it has room for.
    pub entries: u32,
    /// Used entries.
    pub partitions: Vec<Partition>,
}

impl Table {
    /// Length in bytes of the disk that it was made for.
    pub const fn disk_size(&self) -> u64 {
        self.sectors * self.sector.bytes()
    }

    /// The last sector that a partition may use: the backup's entries and header follow.
    pub const fn last_usable(&self) -> u64 {
        self.sectors.saturating_sub(self.entry_sectors() + 2)
    }

    /// The first partition that bears `name`.
    pub fn find(&self, name: &str) -> Option<&Partition> {
        self.partitions.iter().find(|p| p.name == name)
    }

    /// The first aligned sector behind every partition.
    pub fn end_of_used(&self) -> u64 {
        let end = self.partitions.iter().map(|p| p.last_lba + 1).max();
        end.unwrap_or(self.first_usable)
            .next_multiple_of(ALIGNMENT / self.sector.bytes())
    }

    /// The number of a new partition; none when all are taken. A gap is a partition that somebody lost: its number is left for it while
    /// there are others.
    pub fn free_number(&self) -> Option<u32> {
        let highest = self.partitions.iter().map(|p| p.number).max().unwrap_or(0);
        let is_free = |number: &u32| self.partitions.iter().all(|p| p.number != *number);
        (highest + 1..=self.entries)
            .next()
            .or_else(|| (1..=self.entries).find(is_free))
    }

    /// Where `partition`, which is one of this table, lies.
    pub const fn extent(&self, partition: &Partition) -> Extent {
        let sectors = partition.last_lba - partition.first_lba + 1;
        Extent {
            offset: partition.first_lba * self.sector.bytes(),
            size: sectors * self.sector.bytes(),
        }
    }

    /// Sectors that one copy's entries take.
    pub(super) const fn entry_sectors(&self) -> u64 {
        entry_sectors(self.entries, self.sector)
    }
}

/// Sectors that so many entries take.
pub(super) const fn entry_sectors(entries: u32, sector: Sector) -> u64 {
    (entries as u64 * ENTRY_SIZE as u64).div_ceil(sector.bytes())
}

/// A GUID that follows from `seed` and `label` alone (version 8), so that images are reproducible.
pub fn derive_guid(seed: &[u8], label: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update((seed.len() as u64).to_le_bytes());
    hash.update(seed);
    hash.update(label.as_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
