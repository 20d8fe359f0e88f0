//! The disk of the sweep: small, so that tens of thousands of its states are cheap, and laid out in the builder's order.

use crate::log::SECTOR;
use std::ops::Range;

/// FAT32 with the builder's clusters: no smaller volume is one that firmware reads as FAT32. Most of it is never touched.
pub const BOOT: Part = Part::new("boot", 0, 136 << 20);
/// Slot A's own boot partition, which a Raspberry Pi's firmware starts; FAT32, too.
pub const BOOT_A: Part = Part::new("boot-a", BOOT.end(), SLOT_BOOT);
/// The same of slot B.
pub const BOOT_B: Part = Part::new("boot-b", BOOT_A.end(), SLOT_BOOT);
/// Slot A.
pub const ROOT_A: Part = Part::new("root-a", BOOT_B.end(), 256 << 10);
/// Slot B.
pub const ROOT_B: Part = Part::new("root-b", ROOT_A.end(), 256 << 10);
/// ext4.
pub const STATE: Part = Part::new("state", ROOT_B.end(), 8 << 20);
/// All of them.
pub const PARTS: [Part; 6] = [BOOT, BOOT_A, BOOT_B, ROOT_A, ROOT_B, STATE];
/// Bytes of the disk.
pub const DISK: u64 = STATE.end() * SECTOR as u64;

/// Bytes of a slot's own boot partition: as few as a FAT32 of the smallest clusters can have.
pub const SLOT_BOOT: u64 = 34 << 20;
/// The slots' own boot partitions, by the numbers that firmware knows them by.
pub const SLOT_BOOTS: [(u32, Part); 2] = [(2, BOOT_A), (3, BOOT_B)];

/// Where entries are, on the boot partition.
pub const ENTRIES: [&str; 2] = ["EFI", "Linux"];

/// A partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Its first sector.
    pub start: u64,
    /// How many it has.
    pub sectors: u64,
}

impl Part {
    const fn new(name: &'static str, start: u64, bytes: u64) -> Self {
        Self {
            name,
            start,
            sectors: bytes / SECTOR as u64,
        }
    }

    const fn end(self) -> u64 {
        self.start + self.sectors
    }

    /// Its bytes on the disk.
    pub const fn bytes(self) -> Range<u64> {
        self.start * SECTOR as u64..self.end() * SECTOR as u64
    }
}
