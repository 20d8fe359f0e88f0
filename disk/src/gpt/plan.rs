//! Laying partitions out one after the other.

use uuid::Uuid;

use super::format::{ENTRIES, NAME_UNITS};
use super::table::entry_sectors;
use super::{ALIGNMENT, Partition, Table};
use crate::Sector;

/// A partition to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPartition {
    /// Name, at most 36 UTF-16 units.
    pub name: String,
    /// What it is for, see [`super::types`].
    pub type_guid: Uuid,
    /// Its identity; two partitions of a table may not share one.
    pub guid: Uuid,
    /// Length in bytes; rounded up to a multiple of [`ALIGNMENT`].
    pub size: u64,
    /// Attribute bits.
    pub attributes: u64,
}

/// Why a new table cannot be laid out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The name does not fit its field.
    #[error("partition name `{name}` has {units} UTF-16 units, a GPT holds 36")]
    Name {
        /// The name.
        name: String,
        /// Its length.
        units: usize,
    },
    /// A partition without any sector.
    #[error("partition `{0}` has no size")]
    Empty(String),
    /// Two partitions of one identity.
    #[error("partitions `{first}` and `{second}` have the same GUID {guid}")]
    SameGuid {
        /// The earlier one.
        first: String,
        /// The later one.
        second: String,
        /// What they share.
        guid: Uuid,
    },
    /// More partitions than entries.
    #[error("{0} partitions, a table holds 128")]
    TooMany(usize),
    /// The partitions end behind the disk.
    #[error("the partitions need {needed} bytes, the disk has {available}")]
    DiskTooSmall {
        /// Least length of a disk that would do.
        needed: u64,
        /// Length of the disk asked for.
        available: u64,
    },
    /// The disk has no whole number of sectors.
    #[error("disk size {size} is not a multiple of {sector} bytes")]
    UnevenDisk {
        /// Length of the disk in bytes.
        size: u64,
        /// Bytes of its sectors.
        sector: u64,
    },
}

impl Table {
    /// Places `partitions` in order, each at the next multiple of [`ALIGNMENT`].
    ///
    /// `disk_size` in bytes puts the backup header at that disk's end; without it the disk ends
    /// one [`ALIGNMENT`] behind the last partition, which is the shape of a flashable image.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn plan(
        sector: Sector,
        disk_guid: Uuid,
        partitions: &[NewPartition],
        disk_size: Option<u64>,
    ) -> Result<Self, PlanError> {
        check(partitions)?;
        let unit = sector.bytes();
        let mut next = ALIGNMENT;
        let mut placed = Vec::with_capacity(partitions.len());
        for (number, new) in (1..).zip(partitions) {
            let size = new
                .size
                .checked_next_multiple_of(ALIGNMENT)
                .filter(|size| *size <= u64::MAX / 2 - next)
                .ok_or(PlanError::DiskTooSmall {
                    needed: u64::MAX,
                    available: u64::MAX / 2,
                })?;
            placed.push(Partition {
                number,
                name: new.name.clone(),
                type_guid: new.type_guid,
                guid: new.guid,
                first_lba: next / unit,
                last_lba: (next + size) / unit - 1,
                attributes: new.attributes,
            });
            next += size;
        }
        let needed = next + ALIGNMENT;
        let available = disk_size.unwrap_or(needed);
        if !available.is_multiple_of(unit) {
            return Err(PlanError::UnevenDisk {
                size: available,
                sector: unit,
            });
        }
        let own = entry_sectors(ENTRIES, sector);
        // The backup table itself is far smaller than one alignment step.
        if available < next + (1 + own) * unit {
            return Err(PlanError::DiskTooSmall { needed, available });
        }
        Ok(Self {
            sector,
            disk_guid,
            sectors: available / unit,
            first_usable: 2 + own,
            entries: ENTRIES,
            partitions: placed,
        })
    }
}

/// Everything about `partitions` that does not depend on the disk.
fn check(partitions: &[NewPartition]) -> Result<(), PlanError> {
    if partitions.len() > ENTRIES as usize {
        return Err(PlanError::TooMany(partitions.len()));
    }
    for (index, new) in partitions.iter().enumerate() {
        let units = new.name.encode_utf16().count();
        if units > NAME_UNITS {
            return Err(PlanError::Name {
                name: new.name.clone(),
                units,
            });
        }
        if new.size == 0 {
            return Err(PlanError::Empty(new.name.clone()));
        }
        if let Some(first) = partitions[..index].iter().find(|p| p.guid == new.guid) {
            return Err(PlanError::SameGuid {
                first: first.name.clone(),
                second: new.name.clone(),
                guid: new.guid,
            });
        }
    }
    Ok(())
}
