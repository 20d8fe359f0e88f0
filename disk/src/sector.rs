//! Sectors: the unit in which a disk is read, written and counted.

/// How many bytes a sector has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sector {
    /// 512: cards, sticks, most disks, and every image that is flashed.
    Bytes512,
    /// 4096: some NVMe and hard disks.
    Bytes4096,
}

/// A disk counts in sectors that no table of ours can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the disk has sectors of {0} bytes; Holdfast runs on disks with 512 or 4096")]
pub struct SectorError(pub u64);

impl Sector {
    /// The sector of this many bytes.
    ///
    /// # Errors
    /// For any number but 512 and 4096.
    pub const fn of(bytes: u64) -> Result<Self, SectorError> {
        match bytes {
            512 => Ok(Self::Bytes512),
            4096 => Ok(Self::Bytes4096),
            other => Err(SectorError(other)),
        }
    }

    /// Its length in bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Bytes512 => 512,
            Self::Bytes4096 => 4096,
        }
    }
}

/// How large a disk is, in its own sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Its sectors.
    pub sector: Sector,
    /// Their number.
    pub sectors: u64,
}

impl Geometry {
    /// The geometry of a disk of `bytes` bytes; what is no whole sector does not count.
    pub const fn new(sector: Sector, bytes: u64) -> Self {
        Self {
            sector,
            sectors: bytes / sector.bytes(),
        }
    }

    /// The number of the last sector; 0 if there is none.
    pub const fn last(self) -> u64 {
        self.sectors.saturating_sub(1)
    }
}
