//! The boot sector: how large a volume's parts are and where they begin.

use super::{Damage, Kind};
use crate::bytes::{u16_at, u32_at};

/// Bytes of the boot sector that matter.
pub(super) const BOOT_SECTOR: usize = 512;
/// More clusters than any volume we read or write has; keeps tables small enough for memory.
const MAX_CLUSTERS: u64 = 1 << 24;
/// Below this many clusters a volume is FAT12, from the second number on FAT32.
const LIMITS: (u64, u64) = (4085, 65525);

/// Positions and sizes, in bytes and clusters.
#[derive(Debug)]
pub(super) struct Geometry {
    pub(super) kind: Kind,
    /// Bytes of a cluster.
    pub(super) cluster: u64,
    /// Number of clusters; the first one is number 2.
    pub(super) clusters: u32,
    /// Where the first table begins.
    pub(super) table: u64,
    /// Where the root directory of a FAT16 begins, and its length.
    pub(super) root: (u64, u64),
    /// First cluster of the root directory of a FAT32.
    pub(super) root_cluster: u32,
    /// Where cluster 2 begins.
    data: u64,
}

impl Geometry {
    /// Checks the boot sector of a disk of `length` bytes.
    pub(super) fn parse(boot: &[u8], length: u64) -> Result<Self, Damage> {
        let wrong = |field, value: u64| Damage::Field { field, value };
        if boot[510..] != [0x55, 0xaa] {
            return Err(Damage::Signature);
        }
        let sector = u64::from(u16_at(boot, 11));
        if !sector.is_power_of_two() || !(512..=4096).contains(&sector) {
            return Err(wrong("bytes per sector", sector));
        }
        let per_cluster = u64::from(boot[13]);
        if !per_cluster.is_power_of_two() {
            return Err(wrong("sectors per cluster", per_cluster));
        }
        let reserved = u64::from(u16_at(boot, 14));
        let tables = u64::from(boot[16]);
        if reserved == 0 || !(1..=2).contains(&tables) {
            return Err(wrong("number of tables", tables));
        }
        let either = |short: usize, long: usize| match u64::from(u16_at(boot, short)) {
            0 => u64::from(u32_at(boot, long)),
            value => value,
        };
        let (sectors, table_sectors) = (either(19, 32), either(22, 36));
        if sectors == 0 || sectors * sector > length {
            return Err(wrong("number of sectors", sectors));
        }
        let root_sectors = (u64::from(u16_at(boot, 17)) * 32).div_ceil(sector);
        let root = reserved + tables * table_sectors;
        let first_data = root + root_sectors;
        let clusters = sectors.saturating_sub(first_data) / per_cluster;
        let kind = match clusters {
            few if few < LIMITS.0 => return Err(wrong("number of clusters", few)),
            some if some < LIMITS.1 => Kind::Fat16,
            many if many < MAX_CLUSTERS => Kind::Fat32,
            other => return Err(wrong("number of clusters", other)),
        };
        let entry = if kind == Kind::Fat32 { 4 } else { 2 };
        if table_sectors * sector < (clusters + 2) * entry {
            return Err(wrong("sectors per table", table_sectors));
        }
        // The fields that only one of the kinds has must agree with the count that decides it.
        if (u16_at(boot, 22) == 0) != (kind == Kind::Fat32)
            || (root_sectors == 0) != (kind == Kind::Fat32)
        {
            return Err(Damage::Kind);
        }
        Ok(Self {
            kind,
            cluster: per_cluster * sector,
            clusters: u32::try_from(clusters).map_err(|_| wrong("number of clusters", clusters))?,
            table: reserved * sector,
            root: (root * sector, root_sectors * sector),
            root_cluster: if kind == Kind::Fat32 {
                u32_at(boot, 44)
            } else {
                0
            },
            data: first_data * sector,
        })
    }

    /// Whether there is a cluster of this number.
    pub(super) fn has(&self, cluster: u32) -> bool {
        cluster >= 2 && cluster - 2 < self.clusters
    }

    /// Where a cluster begins that is there.
    pub(super) fn offset(&self, cluster: u32) -> u64 {
        self.data + u64::from(cluster - 2) * self.cluster
    }
}
